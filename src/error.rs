//! The library's error: each layer's own, under one roof.

pub(crate) mod explain;
pub(crate) mod features;
pub(crate) mod tuning;

use crate::cpu::CpuError;
use crate::gpu::{GpuError, ResampleError, SourceError};
use crate::graph::GraphError;
#[cfg(feature = "hub")]
use crate::hub::HubError;
use crate::labels::LabelsError;
use crate::models::UnknownPreset;
use crate::monitor::Cancelled;
use crate::passes::LowerError;
use crate::pixels::InputError;
use crate::plan::PlanError;
use crate::preprocess::{ImageError, PreprocessError};
use crate::tensor::TensorError;
use crate::weights::{CheckpointError, ConfigError};
use explain::ExplainError;
use features::FeaturesError;
use tuning::{Stale, TuningError};

/// Whatever keeps a picture from its label. Each names the file, tensor or
/// layer, what was expected, what was found, and the remedy.
///
/// ```
/// use resnet_wgpu::gpu::GpuError;
/// use resnet_wgpu::preprocess::RgbImage;
/// use resnet_wgpu::{Classifier, Error, Model};
///
/// let classifier = Classifier::new(None, &Model::embedded()?, &Default::default())?;
/// match classifier.classify(&RgbImage::new(0, 0), 1) {
///     Ok(best) => println!("{}", best[0].label),
///     // On the CPU twin, or on a device that is opened anew.
///     Err(Error::Gpu(GpuError::Lost { .. })) => classifier.recreate(None)?,
///     // A picture to leave out.
///     Err(Error::Preprocess(error)) => assert!(error.to_string().contains("use another image")),
///     Err(error) => panic!("{error}"),
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A checkpoint that cannot be used.
    #[error(transparent)]
    Checkpoint(CheckpointError),
    /// A configuration beside or in a checkpoint that cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A network that cannot be built at that size.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Weights that do not fit their graph.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// A weight that cannot be read.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A network that the device cannot run.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A device that cannot be had, or that failed.
    #[error(transparent)]
    Gpu(GpuError),
    /// What the CPU twin refuses.
    #[error(transparent)]
    Cpu(#[from] CpuError),
    /// An image that cannot be read.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// An input that is not what its description says.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A texture or buffer that is no picture.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Preprocessing that cannot be done.
    #[error(transparent)]
    Preprocess(#[from] PreprocessError),
    /// Labels that cannot be used.
    #[error(transparent)]
    Labels(#[from] LabelsError),
    /// A file of features that cannot be made or used.
    #[error(transparent)]
    Features(#[from] FeaturesError),
    /// A network that cannot be explained, or a class that it does not have.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// A tuning that cannot be read, used or written.
    #[error(transparent)]
    Tuning(#[from] TuningError),
    /// A tuning of another device, driver or version.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// A model that cannot be had from the hub.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Hub(#[from] HubError),
    /// A preset that there is not.
    #[error(transparent)]
    UnknownPreset(#[from] UnknownPreset),
    /// A layer that the network does not have.
    #[error("no layer `{name}` in {network}; it has {known}")]
    UnknownLayer {
        /// What was asked for.
        name: String,
        /// The network.
        network: String,
        /// Some names near it.
        known: String,
    },
    /// A session for another size that was asked for with another model.
    #[error(
        "{name}: expected the model that this session was made of, or a clone of it, found another; \
         pass that one"
    )]
    OtherModel {
        /// The network of the model that was given.
        name: String,
    },
    /// Logits that are NaN or infinite.
    #[error(
        "{network}: expected numbers as logits, found NaN or infinity; in f16 values went beyond \
         65504: use f32; in f32 the input or a weight is no number: check both"
    )]
    NoNumbers {
        /// The network's name.
        network: String,
    },
    /// Probabilities that no softmax gives.
    #[error(
        "{network}: expected probabilities from 0 to 1 whose sum is 1, found {found}; the device or \
         its driver computes wrongly: update the driver, or use another device or the CPU"
    )]
    NoProbabilities {
        /// The network's name.
        network: String,
        /// The number that is none, or the sum.
        found: String,
    },
    /// Whoever watched it loading cancelled it.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// A thread that there was not, or that ended before its work.
    #[error("the thread that was to load a model failed: {0}; load it on this one")]
    Thread(String),
    /// What was loading has been taken.
    #[error("what was loaded has been taken already; start another `Loading`")]
    Taken,
    /// An input of another shape than the session's.
    #[error("input: expected shape {expected}, found {found:?}")]
    InputShape {
        /// The shape that the session takes.
        expected: String,
        /// The shape that was given.
        found: Vec<usize>,
    },
}

// Cancelling is one error, wherever it came.
impl From<CheckpointError> for Error {
    fn from(error: CheckpointError) -> Self {
        match error {
            CheckpointError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            error => Self::Checkpoint(error),
        }
    }
}

impl From<GpuError> for Error {
    fn from(error: GpuError) -> Self {
        match error {
            GpuError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            error => Self::Gpu(error),
        }
    }
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
