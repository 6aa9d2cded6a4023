//! The parts that only this repository's own programs and tests need.
//!
//! This module is unstable: its items may change or disappear in any release.

/// The kernels: one table of all variants, their parameters, packing and shader sources.
pub mod kernels {
    pub use crate::kernels::*;
}

/// The parts of a plan, and the questions that tuning asks of planning.
pub mod plan {
    pub use crate::plan::contenders::{chosen, contenders, conv_shapes};
    pub use crate::plan::data::PlanData;
    pub use crate::plan::parts::{Binding, Input, Output, Slot, Step, Weight};
    pub use crate::plan::winners::Winners;
}

/// The engine that runs a plan.
pub mod gpu {
    pub use crate::gpu::engine::{Engine, EngineOptions, EngineSetup};
    pub use crate::gpu::run::Run;
    pub use crate::gpu::timed::StepsTime;
}

/// Small kernels that measure a device.
pub mod peaks {
    pub use crate::gpu::peaks::*;
}

/// Files that are replaced as a whole.
pub mod whole_file {
    pub use crate::whole_file::{replace, temporary};
}

pub use crate::printable::printable;
pub use crate::verify::layers::seeded_images;

use crate::gpu::Gpu;
use crate::kernels::Storage;

/// Returns the same device with activations and weights in `storage`, and with
/// pipelines of its own.
pub fn with_storage(gpu: &Gpu, storage: Storage) -> Gpu {
    gpu.with_storage(storage)
}
