//! The layers of the library, which the front hides.
//!
//! This module is unstable: its items may change or disappear in any release. Arrows go
//! one way: [`tensor`] → [`graph`] → [`models`] and [`weights`] → [`passes`] → [`kernels`]
//! and [`plan`] → [`gpu`] → [`session`] → [`classify`]. Everything up to the plan is pure
//! data and is tested without a GPU.

/// From pictures to labels: preprocessing, a session, and the names of the classes.
pub mod classify {
    pub use crate::classify::*;
}

/// The plain implementation on the CPU, which GPUs are compared with.
pub mod reference {
    pub use crate::reference::*;
}

/// Class activation maps: the parts of a picture that an answer comes from.
pub mod explain {
    pub use crate::explain::*;
}

/// Features of pictures in a file, and the search for the nearest.
pub mod features {
    pub use crate::features::*;
}

/// Networks as graphs of named nodes with inferred shapes.
pub mod graph {
    pub use crate::graph::*;
}

/// The names of classes.
pub mod labels {
    pub use crate::labels::*;
}

/// A network with its weights.
pub mod model {
    pub use crate::model::*;
}

/// Descriptions of networks, and their table of presets.
pub mod models {
    pub use crate::models::*;
}

/// The progress of loading, and its cancellation.
pub mod monitor {
    pub use crate::monitor::*;
}

/// Rewrites of a graph: folding, fusing.
pub mod passes {
    pub use crate::passes::*;
}

/// From image files to the crops that a network reads.
pub mod preprocess {
    pub use crate::preprocess::*;
}

/// One network on one device.
pub mod session {
    pub use crate::session::*;
}

/// Tensors on the host.
pub mod tensor {
    pub use crate::tensor::*;
}

/// The fastest kernel of each convolution, measured.
pub mod tune {
    pub use crate::tune::*;
}

/// A device compared with the CPU.
pub mod verify {
    pub use crate::verify::*;
}

/// Checkpoints, and the networks recognised in them.
pub mod weights {
    pub use crate::weights::*;
}

/// Devices, and the engine of a network on a GPU with the executables of its plans.
pub mod gpu {
    pub use crate::gpu::engine::Engine;
    pub use crate::gpu::executable::{Executable, LoadTimes};
    pub use crate::gpu::flight::Flight;
    pub use crate::gpu::step_times::StepTimes;
    pub use crate::gpu::*;
}

/// The kernels: one table of all variants, their parameters, packing and shader sources.
pub mod kernels {
    pub use crate::kernels::*;
}

/// Plans and their parts, and the questions that tuning asks of planning.
pub mod plan {
    pub use crate::plan::candidates::{candidates, conv_shapes, selected_candidate};
    pub use crate::plan::data::PlanData;
    pub use crate::plan::parts::{Binding, PlanInput, PlanOutput, Slot, Step, Weight};
    pub use crate::plan::winners::Winners;
    pub use crate::plan::*;
}

/// The errors of single layers: [`Error::downcast_ref`](crate::Error::downcast_ref) finds
/// them.
pub mod errors {
    pub use crate::classify::{ClassifyError, InputError};
    pub use crate::explain::ExplainError;
    pub use crate::features::FeaturesError;
    pub use crate::gpu::{GpuError, SourceError};
    pub use crate::graph::GraphError;
    pub use crate::labels::LabelsError;
    pub use crate::models::UnknownPreset;
    pub use crate::monitor::CancelledError;
    pub use crate::passes::LowerError;
    pub use crate::plan::PlanError;
    pub use crate::preprocess::{ImageError, PreprocessError};
    pub use crate::reference::ReferenceError;
    pub use crate::session::SessionError;
    pub use crate::tensor::TensorError;
    pub use crate::tune::{StaleTuning, TuningError};
    pub use crate::weights::{CheckpointError, ConfigError};
}

/// Small kernels that measure a device.
pub mod peaks {
    pub use crate::gpu::peaks::*;
}

/// Files that are replaced as a whole.
pub mod whole_file {
    pub use crate::whole_file::{replace, temporary};
}

#[cfg(not(target_arch = "wasm32"))]
pub use crate::classify::decode_ahead::decode_ahead;
pub use crate::printable::printable;
pub use crate::verify::layers::seeded_images;

use crate::gpu::Gpu;
use crate::kernels::Storage;

/// Returns the device with activations and weights in `storage`, and with pipelines of its
/// own.
pub fn with_storage(gpu: &Gpu, storage: Storage) -> Gpu {
    gpu.with_storage(storage)
}
