//! ResNet inference on any GPU through `wgpu` compute shaders.

pub mod graph;
pub mod kernels;
pub mod models;
pub mod passes;
pub mod plan;
pub mod tensor;
