//! The CPU reference: a plain f32 executor of a graph, written independently of the GPU path.
//!
//! The tests and `resnet verify` compare GPU results with this reference. It also classifies on
//! machines without a GPU adapter. The reference runs the graph *as authored*, without any
//! optimisation pass. It also runs an optimised graph with epilogues and scale-shifts, so that a
//! fused kernel can be checked alone.
//!
//! Activations are NHWC, `[N, H, W, C]`. Weights have PyTorch's layouts, and each operation equals
//! the PyTorch operation of that name in eval mode. A convolution gathers its windows into the rows
//! of a matrix and multiplies the matrix by the weights; every other operation is a loop. Rayon's
//! pool shares the work. The results depend neither on the number of threads nor on the batch.
//!
//! ```
//! use resnet_wgpu::low_level::reference;
//! use resnet_wgpu::low_level::graph::{Bias, GraphBuilder, Shape, Window};
//! use resnet_wgpu::Tensor;
//! use resnet_wgpu::low_level::tensor::Params;
//!
//! let mut g = GraphBuilder::new(Shape::new(3, 3, 1))?;
//! let x = g.input();
//! let y = g.conv("conv1", x, 1, Window::new(3, 1, 0), 1, Bias::Absent)?;
//! let graph = g.finish(y);
//!
//! let mut params = Params::new();
//! params.insert("conv1.weight", Tensor::from_fn([1, 1, 3, 3], |_| 1.0));
//! let image = Tensor::from_fn([1, 3, 3, 1], |i| i as f32);
//! let outputs = reference::run(&graph, &params, &image, &[])?;
//! assert_eq!(outputs.output.data(), [36.0]);
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
mod scalar_loops;
#[cfg(test)]
mod tests;

pub use error::ReferenceError;
pub use executor::ReferenceExecutor;
pub use model::{ReferenceModel, ReferenceOutputs};

use crate::graph::{Graph, NodeId};
use crate::tensor::{Params, Tensor};

/// Runs a graph once on `input`, `[N, H, W, C]`. Returns the values of the graph's output and of
/// the nodes in `keep`, each `[N, H, W, C]`.
///
/// Each call checks and repacks the weights. [`ReferenceModel`] does so once for many batches.
///
/// # Errors
/// As [`ReferenceModel::new`] and [`ReferenceModel::run`].
pub fn run(
    graph: &Graph,
    params: &Params,
    input: &Tensor,
    keep: &[NodeId],
) -> Result<ReferenceOutputs, ReferenceError> {
    ReferenceModel::new(graph, params)?.run(input, keep)
}
