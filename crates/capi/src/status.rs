//! The result of a call, as a number and as a text.

use resnet_wgpu::{Error, ErrorKind};

/// The result of a call. resnet_last_error() describes an error in words. Later
/// versions may add values, so treat unknown values as errors.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResnetStatus {
    /// The call succeeded.
    Ok = 0,
    /// An argument is NULL, out of range, or does not fit the others.
    InvalidArgument = 1,
    /// A file cannot be read.
    Io = 2,
    /// A checkpoint is damaged, has another format, or contains no known network.
    InvalidModel = 3,
    /// No device matches the selector.
    NoDevice = 4,
    /// The network or the device cannot do what the call requests.
    Unsupported = 5,
    /// The device or the host has too little memory.
    OutOfMemory = 6,
    /// The device failed during a run; open it again.
    DeviceLost = 7,
    /// The driver or this library has a bug; please report it.
    Internal = 8,
    /// This library panicked; please report it. Free the handle that the call used.
    Panic = 9,
}

/// The reason why a call failed.
#[derive(Debug)]
pub struct Failure {
    pub status: ResnetStatus,
    /// The kind of the library's error; `None` for errors of this interface.
    pub kind: Option<ErrorKind>,
    pub text: String,
}

impl Failure {
    /// An error for an argument that cannot be used.
    pub fn argument(name: &str, expected: impl AsRef<str>, found: impl AsRef<str>) -> Self {
        let expected = expected.as_ref();
        let found = found.as_ref();
        Self {
            status: ResnetStatus::InvalidArgument,
            kind: Some(ErrorKind::InvalidArgument),
            text: format!("argument `{name}`: expected {expected}, found {found}"),
        }
    }

    /// An error for data of the caller that do not fit into the memory of the host.
    pub fn memory(bytes: usize) -> Self {
        Self {
            status: ResnetStatus::OutOfMemory,
            kind: Some(ErrorKind::OutOfMemory),
            text: format!("the host has no memory for {bytes} bytes; pass less at once"),
        }
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        Self {
            status: status(error.kind()),
            kind: Some(error.kind()),
            text: error.to_string(),
        }
    }
}

fn status(kind: ErrorKind) -> ResnetStatus {
    use ResnetStatus as S;
    match kind {
        ErrorKind::InvalidArgument | ErrorKind::Image => S::InvalidArgument,
        ErrorKind::Io => S::Io,
        ErrorKind::Checkpoint | ErrorKind::Labels => S::InvalidModel,
        ErrorKind::NoDevice => S::NoDevice,
        ErrorKind::UnsupportedNetwork | ErrorKind::UnsupportedDevice => S::Unsupported,
        ErrorKind::OutOfMemory => S::OutOfMemory,
        ErrorKind::DeviceLost => S::DeviceLost,
        // `Internal`, `WrongResults`, and kinds that the calls of this interface never
        // return.
        _ => S::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use resnet_wgpu::low_level::gpu::GpuError;

    /// Failures that a test on a healthy machine cannot cause.
    #[test]
    fn failures_of_devices_have_distinct_statuses() {
        let device = "Banana";
        let reason = "it is a fruit";
        let lost = GpuError::Lost {
            device: device.into(),
            reason: reason.into(),
        };
        let memory = GpuError::OutOfMemory {
            device: device.into(),
            bytes: 7,
            reason: reason.into(),
        };
        let refused = GpuError::Refused {
            device: device.into(),
            reason: reason.into(),
        };
        for (error, expected) in [
            (lost, ResnetStatus::DeviceLost),
            (memory, ResnetStatus::OutOfMemory),
            (refused, ResnetStatus::Internal),
            (GpuError::NoAdapter, ResnetStatus::NoDevice),
        ] {
            let text = error.to_string();
            let failure = Failure::from(error);
            assert_eq!((failure.status, failure.text), (expected, text));
        }
    }
}
