//! Reasons for ending a command early, with their exit codes.

use std::error::Error as StdError;

use resnet_wgpu::Error;
use resnet_wgpu::low_level::errors::SessionError;
use resnet_wgpu::low_level::gpu::GpuError;

use crate::remedy;

/// A reason for ending a command early.
#[derive(Debug)]
pub enum Failure {
    /// The command line is invalid: exit code 2.
    Usage(String),
    /// Something failed: exit code 1.
    Failed(String),
    /// Something failed, and every failure has already been reported: exit code 1.
    Reported,
    /// The reader of stdout has closed the pipe (`| head`): not a failure, exit code 0.
    Closed,
}

impl Failure {
    /// Creates a failure with exit code 1.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// Creates a failure with exit code 2.
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

/// Returns the error's message, followed by the messages of those sources that the error does not
/// quote itself, and by the command-line options of its remedy.
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
    fn sources_are_reported_once() {
        let inner = std::fmt::Error.to_string();
        let silent = with_sources(&Outer("outer", std::fmt::Error));
        assert_eq!(silent, format!("outer: {inner}"));
        let quoted: &'static str = "an error occurred when formatting an argument";
        assert_eq!(quoted, inner);
        assert_eq!(with_sources(&Outer(quoted, std::fmt::Error)), inner);
    }
}
