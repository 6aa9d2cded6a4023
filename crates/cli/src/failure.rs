//! Why a command ends early, and with which exit code.

use std::error::Error as StdError;

use resnet_wgpu::Error;
use resnet_wgpu::low_level::errors::SessionError;
use resnet_wgpu::low_level::gpu::GpuError;

use crate::remedy;

/// Why a command ends early.
#[derive(Debug)]
pub enum Failure {
    /// The command line asks for what cannot be: exit code 2.
    Usage(String),
    /// Something failed: exit code 1.
    Failed(String),
    /// The same, where each failure has been told already.
    Reported,
    /// Nobody reads the output any more (`| head`): no failure at all.
    Closed,
}

impl Failure {
    /// A failure with the exit code 1.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// A failure with the exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let message = with_sources(&error);
        let layer = matches!(
            error.downcast_ref(),
            Some(SessionError::UnknownLayer { .. })
        );
        let device = matches!(error.downcast_ref(), Some(GpuError::UnknownDevice { .. }));
        if layer || device {
            Self::Usage(message)
        } else {
            Self::Failed(message)
        }
    }
}

/// The error, those of its sources that it does not name itself, and the options
/// that its remedy is done with.
pub fn with_sources(error: &(dyn StdError + 'static)) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        source = cause.source();
    }
    match remedy::options(error) {
        Some(options) => format!("{message} ({options})"),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(&'static str, std::fmt::Error);

    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Outer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.1)
        }
    }

    #[test]
    fn sources_are_told_once() {
        let inner = std::fmt::Error.to_string();
        let silent = with_sources(&Outer("outer", std::fmt::Error));
        assert_eq!(silent, format!("outer: {inner}"));
        let told: &'static str = "an error occurred when formatting an argument";
        assert_eq!(told, inner);
        assert_eq!(with_sources(&Outer(told, std::fmt::Error)), inner);
    }
}
