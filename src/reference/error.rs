//! Errors of the CPU reference.

use thiserror::Error;

use crate::tensor::TensorError;

/// An error of the CPU reference that prevents a run. Each message is one line that names the
/// tensor or layer, what was expected, what was found and the remedy.
///
/// ```
/// use resnet_wgpu::{Model, Tensor};
/// use resnet_wgpu::low_level::reference::{ReferenceError, ReferenceModel};
///
/// let model = Model::embedded()?;
/// let reference = ReferenceModel::new(&model.graph(32, 32)?, model.params())?;
/// let large = Tensor::zeros([1, 64, 64, 3]);
/// let Err(ReferenceError::InputShape { expected, .. }) = reference.run(&large, &[]) else {
///     panic!("the graph is of 32×32 pixels");
/// };
/// assert_eq!(expected, [32, 32, 3]); // resize to this, or build the graph for 64×64
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// The parameters lack a tensor that the graph needs.
    #[error(
        "tensor `{name}` of layer `{node}`: expected shape {expected:?}, found no such tensor; \
         load the checkpoint of this very network"
    )]
    MissingTensor {
        /// Name of the tensor.
        name: String,
        /// The layer that reads the tensor.
        node: String,
        /// The expected shape, in PyTorch's order.
        expected: Vec<usize>,
    },
    /// A tensor cannot be read.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A tensor's shape differs from the shape that its layer needs.
    #[error(
        "tensor `{name}` of layer `{node}`: expected shape {expected:?}, found {found:?}; \
         load the checkpoint of this very network"
    )]
    TensorShape {
        /// Name of the tensor.
        name: String,
        /// The layer that reads the tensor.
        node: String,
        /// The expected shape, in PyTorch's order.
        expected: Vec<usize>,
        /// The shape that the tensor has.
        found: Vec<usize>,
    },
    /// An activation's shape differs from the shape that its layer needs. The activation is the
    /// network's input, or an input of [`ReferenceModel::run_node`].
    ///
    /// [`ReferenceModel::run_node`]: super::ReferenceModel::run_node
    #[error(
        "input of layer `{node}`: expected [N, {}, {}, {}] with N of at least 1 (NHWC), \
         found {found:?}; resize the images or build the graph for their size",
        expected[0], expected[1], expected[2]
    )]
    InputShape {
        /// The layer.
        node: String,
        /// Height, width and channels that the layer needs.
        expected: [usize; 3],
        /// The shape of the given activation.
        found: Vec<usize>,
    },
    /// A node's value would hold more elements than memory can address.
    #[error(
        "layer `{node}`: expected a value that memory holds with ease, found {batch} images of \
         {height}x{width}x{channels}; use a smaller batch or input size"
    )]
    TooLarge {
        /// The layer.
        node: String,
        /// Images in the batch.
        batch: usize,
        /// Rows of the layer's output.
        height: usize,
        /// Columns of the layer's output.
        width: usize,
        /// Channels of the layer's output.
        channels: usize,
    },
    /// The graph is inconsistent; [`GraphBuilder`] never makes such a graph.
    ///
    /// [`GraphBuilder`]: crate::graph::GraphBuilder
    #[error("layer `{node}`: {problem}; build the graph with GraphBuilder")]
    Graph {
        /// The layer.
        node: String,
        /// Description of what was expected and what was found.
        problem: String,
    },
    /// A requested node does not exist in the graph.
    #[error(
        "node {id}: expected one of the graph's {nodes} nodes (0 to {}), found no such node; \
         use the NodeIds of this very graph",
        nodes - 1
    )]
    NoSuchNode {
        /// The requested index.
        id: usize,
        /// Number of nodes in the graph.
        nodes: usize,
    },
}

impl ReferenceError {
    /// Returns a [`ReferenceError::Graph`].
    pub(super) fn graph(node: &str, problem: impl Into<String>) -> Self {
        Self::Graph {
            node: node.to_owned(),
            problem: problem.into(),
        }
    }
}
