//! The CPU twin: a plain executor of a graph in f32, written apart from the
//! GPU path.
//!
//! It is the oracle of the tests and of `resnet verify`, and what runs where
//! no adapter exists. It runs the graph *as authored*: no pass has to have
//! touched it (one that has, with epilogues and scale-shifts, runs as well,
//! so that a fused kernel can be checked alone).
//!
//! Activations are NHWC, `[N, H, W, C]`; weights have PyTorch's layouts and
//! each operation is PyTorch's of the same name in eval mode. A convolution
//! gathers its windows into the rows of a matrix and multiplies that by the
//! weights; everything else is a loop. Work is spread over rayon's pool; the
//! numbers do not depend on the number of its threads, nor on the batch.
//!
//! ```
//! use resnet_wgpu::low_level::cpu;
//! use resnet_wgpu::low_level::graph::{GraphBuilder, Shape, Window};
//! use resnet_wgpu::Tensor;
//! use resnet_wgpu::low_level::tensor::Params;
//!
//! let mut g = GraphBuilder::new(Shape::new(3, 3, 1))?;
//! let x = g.input();
//! let y = g.conv("conv1", x, 1, Window::new(3, 1, 0), 1, false)?;
//! let graph = g.finish(y);
//!
//! let mut params = Params::new();
//! params.insert("conv1.weight", Tensor::from_fn([1, 1, 3, 3], |_| 1.0));
//! let image = Tensor::from_fn([1, 3, 3, 1], |i| i as f32);
//! let kept = cpu::run(&graph, &params, &image, &[])?;
//! assert_eq!(kept.output.data(), [36.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod affine;
mod check;
mod conv;
mod error;
mod executor;
mod im2col;
mod layer;
mod model;
mod pointwise;
mod pool;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

pub use error::CpuError;
pub use executor::Executor;
pub use model::{CpuModel, Kept};

use crate::graph::{Graph, NodeId};
use crate::tensor::{Params, Tensor};

/// Runs a graph once: `input` is `[N, H, W, C]`, and the values of the
/// graph's output and of the nodes in `keep` come back as `[N, H, W, C]`.
///
/// Weights are checked and repacked at each call; use [`CpuModel`] to do that
/// once for many batches.
///
/// # Errors
/// As [`CpuModel::new`] and [`CpuModel::run`].
pub fn run(
    graph: &Graph,
    params: &Params,
    input: &Tensor,
    keep: &[NodeId],
) -> Result<Kept, CpuError> {
    CpuModel::new(graph, params)?.run(input, keep)
}
