//! ResNet inference on any GPU through `wgpu` compute shaders.

pub mod classify;
pub mod cpu;
#[cfg(feature = "cli")]
pub mod dataset;
mod error;
pub mod gpu;
pub mod graph;
pub mod kernels;
pub mod labels;
pub mod model;
pub mod models;
pub mod passes;
pub mod plan;
pub mod preprocess;
pub mod session;
pub mod tensor;
pub mod verify;
pub mod weights;

pub use error::Error;
