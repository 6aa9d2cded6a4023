//! The library's error: one type for all layers, with a kind.

pub(crate) mod explain;
pub(crate) mod features;
pub(crate) mod tuning;

use std::error::Error as StdError;
use std::fmt;

use serde::Serialize;

use crate::classify::ClassifyError;
use crate::gpu::{GpuError, ResampleError, SourceError};
use crate::graph::GraphError;
#[cfg(feature = "hub")]
use crate::hub::HubError;
use crate::labels::LabelsError;
use crate::models::UnknownPreset;
use crate::monitor::CancelledError;
use crate::passes::LowerError;
use crate::pixels::InputError;
use crate::plan::PlanError;
use crate::preprocess::{ImageError, PreprocessError};
use crate::reference::ReferenceError;
use crate::session::SessionError;
use crate::tensor::TensorError;
use crate::weights::{CheckpointError, ConfigError};
use explain::ExplainError;
use features::FeaturesError;
use tuning::{StaleTuning, TuningError};

/// The kind of an [`Error`]: what a program decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument or an option is out of range, or does not fit the others.
    InvalidArgument,
    /// The operating system refused to read or write a file.
    Io,
    /// A checkpoint or its configuration is damaged, of another format, or of no known
    /// network.
    Checkpoint,
    /// The network cannot be built at that size, or lacks what was asked for.
    UnsupportedNetwork,
    /// A picture that cannot be read.
    Image,
    /// Class names that cannot be used.
    Labels,
    /// No device is what was asked for.
    NoDevice,
    /// The device cannot do what was asked for.
    UnsupportedDevice,
    /// The device or the host has too little memory.
    OutOfMemory,
    /// The device failed while it ran.
    DeviceLost,
    /// The results are no probabilities, or the device computes wrongly.
    WrongResults,
    /// Loading was cancelled.
    Cancelled,
    /// A call would wait where nothing may wait.
    Blocking,
    /// A model cannot be fetched.
    Download,
    /// The driver or this library is at fault.
    Internal,
}

impl ErrorKind {
    /// The name in `--json` output, such as `out_of_memory`.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::Io => "io",
            Self::Checkpoint => "checkpoint",
            Self::UnsupportedNetwork => "unsupported_network",
            Self::Image => "image",
            Self::Labels => "labels",
            Self::NoDevice => "no_device",
            Self::UnsupportedDevice => "unsupported_device",
            Self::OutOfMemory => "out_of_memory",
            Self::DeviceLost => "device_lost",
            Self::WrongResults => "wrong_results",
            Self::Cancelled => "cancelled",
            Self::Blocking => "blocking",
            Self::Download => "download",
            Self::Internal => "internal",
        }
    }
}

/// An error of this library: its kind, what was expected and found, and the remedy.
///
/// ```
/// use resnet_wgpu::image::RgbImage;
/// use resnet_wgpu::{Classifier, Device, ErrorKind, Model};
///
/// let classifier = Classifier::new(Device::Cpu, &Model::embedded()?, &Default::default())?;
/// match classifier.classify(&RgbImage::new(0, 0), 1) {
///     Ok(best) => println!("{}", best[0].label),
///     Err(error) => match error.kind() {
///         // Continue on a device that is opened anew.
///         ErrorKind::DeviceLost => classifier.recreate(Device::auto()?)?,
///         // A picture to leave out.
///         ErrorKind::InvalidArgument => assert!(error.remedy().is_some()),
///         _ => panic!("{error}"),
///     },
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    layer: Box<dyn StdError + Send + Sync>,
}

impl Error {
    fn new(kind: ErrorKind, layer: impl StdError + Send + Sync + 'static) -> Self {
        let layer = Box::new(layer);
        Self(Box::new(Inner { kind, layer }))
    }

    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The file, tensor, layer or device, what was expected, and what was found: the
    /// message without its remedy.
    pub fn context(&self) -> String {
        let message = self.to_string();
        match message.split_once("; ") {
            Some((context, _)) => context.into(),
            None => message,
        }
    }

    /// The remedy, if there is one: the end of the message.
    pub fn remedy(&self) -> Option<String> {
        let message = self.to_string();
        Some(message.split_once("; ")?.1.into())
    }

    /// The error of the layer where it arose, such as
    /// [`GpuError`](crate::gpu::GpuError), if it is of that type.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.layer.downcast_ref()
    }
}

/// The name in `--json` output.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.layer.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {:?}", self.0.kind, self.0.layer)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // The message of the layer's error is this one's.
        self.0.layer.source()
    }
}

/// Converts the errors of layers, each with its kind.
macro_rules! layers {
    ($($(#[$attribute:meta])* $layer:ty: $kind:expr,)*) => {
        $($(#[$attribute])*
        impl From<$layer> for Error {
            fn from(error: $layer) -> Self {
                let kind: fn(&$layer) -> ErrorKind = $kind;
                Self::new(kind(&error), error)
            }
        })*
    };
}

layers! {
    CancelledError: |_| ErrorKind::Cancelled,
    CheckpointError: of_checkpoint,
    ClassifyError: |error| match error {
        ClassifyError::NoNumbers { .. } | ClassifyError::NoProbabilities { .. } => {
            ErrorKind::WrongResults
        }
        ClassifyError::Thread(_) => ErrorKind::Internal,
        ClassifyError::Taken => ErrorKind::InvalidArgument,
    },
    ConfigError: |_| ErrorKind::Checkpoint,
    ReferenceError: |error| match error {
        ReferenceError::InputShape { .. } => ErrorKind::InvalidArgument,
        ReferenceError::TooLarge { .. } => ErrorKind::OutOfMemory,
        ReferenceError::MissingTensor { .. } | ReferenceError::TensorShape { .. } | ReferenceError::Tensor(_) => {
            ErrorKind::Checkpoint
        }
        _ => ErrorKind::Internal,
    },
    ExplainError: |error| match error {
        ExplainError::NoHead { .. } => ErrorKind::UnsupportedNetwork,
        ExplainError::NoSuchClass { .. } => ErrorKind::InvalidArgument,
    },
    FeaturesError: |error| match error {
        FeaturesError::Write { .. } => ErrorKind::Io,
        FeaturesError::File(error) => of_checkpoint(error),
        _ => ErrorKind::InvalidArgument,
    },
    GpuError: of_gpu,
    GraphError: |_| ErrorKind::UnsupportedNetwork,
    #[cfg(feature = "hub")]
    HubError: |_| ErrorKind::Download,
    ImageError: |error| match error {
        ImageError::Read { .. } => ErrorKind::Io,
        ImageError::TooMuchMemory { .. } => ErrorKind::OutOfMemory,
        _ => ErrorKind::Image,
    },
    InputError: |_| ErrorKind::InvalidArgument,
    LabelsError: |_| ErrorKind::Labels,
    LowerError: |_| ErrorKind::Checkpoint,
    PlanError: |error| match error {
        PlanError::EmptyBatch => ErrorKind::InvalidArgument,
        _ => ErrorKind::UnsupportedDevice,
    },
    PreprocessError: |_| ErrorKind::InvalidArgument,
    SessionError: |_| ErrorKind::InvalidArgument,
    SourceError: |_| ErrorKind::InvalidArgument,
    StaleTuning: |_| ErrorKind::InvalidArgument,
    TensorError: |_| ErrorKind::Checkpoint,
    TuningError: |error| match error {
        TuningError::Read { .. } | TuningError::Write { .. } => ErrorKind::Io,
        _ => ErrorKind::InvalidArgument,
    },
    UnknownPreset: |_| ErrorKind::InvalidArgument,
}

impl From<ResampleError> for Error {
    fn from(error: ResampleError) -> Self {
        match error {
            ResampleError::Gpu(error) => error.into(),
            ResampleError::Source(error) => error.into(),
            ResampleError::Preprocess(error) => error.into(),
        }
    }
}

fn of_checkpoint(error: &CheckpointError) -> ErrorKind {
    match error {
        CheckpointError::Read { .. }
        | CheckpointError::Changed { .. }
        | CheckpointError::NoFile { .. } => ErrorKind::Io,
        CheckpointError::Cancelled(_) => ErrorKind::Cancelled,
        _ => ErrorKind::Checkpoint,
    }
}

fn of_gpu(error: &GpuError) -> ErrorKind {
    match error {
        GpuError::NoAdapter | GpuError::UnknownDevice { .. } | GpuError::Request { .. } => {
            ErrorKind::NoDevice
        }
        GpuError::OnCpu
        | GpuError::DeviceLimits { .. }
        | GpuError::OtherDevice { .. }
        | GpuError::NoF16 { .. }
        | GpuError::Beyond { .. } => ErrorKind::UnsupportedDevice,
        GpuError::OtherQueue { .. }
        | GpuError::OtherInstance
        | GpuError::InputForm { .. }
        | GpuError::InputSize { .. }
        | GpuError::Busy(_)
        | GpuError::Stuck
        | GpuError::Unfinished
        | GpuError::Idle
        | GpuError::NotSubmitted => ErrorKind::InvalidArgument,
        GpuError::Cancelled(_) => ErrorKind::Cancelled,
        GpuError::Tensor(_) => ErrorKind::Checkpoint,
        GpuError::OutOfMemory { .. } => ErrorKind::OutOfMemory,
        GpuError::Blocking => ErrorKind::Blocking,
        GpuError::Wrong { .. } => ErrorKind::WrongResults,
        GpuError::Lost { .. } => ErrorKind::DeviceLost,
        GpuError::Kernel { .. }
        | GpuError::Template(_)
        | GpuError::Refused { .. }
        | GpuError::Clock { .. } => ErrorKind::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_its_context_and_its_remedy() {
        let error = Error::from(GpuError::Busy(2));
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(error.context(), "2 runs are in flight already");
        let remedy = error.remedy();
        assert_eq!(remedy.as_deref(), Some("finish one before the next"));
        assert!(matches!(error.downcast_ref(), Some(GpuError::Busy(2))));
        let error = Error::from(CancelledError);
        assert_eq!((error.context(), error.remedy()), (error.to_string(), None));
    }

    #[test]
    fn kinds_have_their_names_in_json() {
        assert_eq!(ErrorKind::Io.to_string(), "io");
        for kind in [
            ErrorKind::InvalidArgument,
            ErrorKind::Io,
            ErrorKind::Checkpoint,
            ErrorKind::UnsupportedNetwork,
            ErrorKind::Image,
            ErrorKind::Labels,
            ErrorKind::NoDevice,
            ErrorKind::UnsupportedDevice,
            ErrorKind::OutOfMemory,
            ErrorKind::DeviceLost,
            ErrorKind::WrongResults,
            ErrorKind::Cancelled,
            ErrorKind::Blocking,
            ErrorKind::Download,
            ErrorKind::Internal,
        ] {
            assert_eq!(serde_json::json!(kind), kind.name());
        }
    }
}
