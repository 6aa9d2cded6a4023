//! Errors of lowering a graph.

use crate::graph::GraphError;

/// A reason why a graph cannot be lowered.
///
/// This error cannot occur if the builder made the graph and the checkpoint was loaded against that
/// graph.
///
/// ```
/// use resnet_wgpu::Network;
/// use resnet_wgpu::low_level::passes::{LowerError, lower};
/// use resnet_wgpu::low_level::tensor::Params;
///
/// let graph = Network::preset("resnet20").expect("a preset").graph(32, 32)?;
/// let Err(LowerError::Tensor { tensor, expected, .. }) = lower(&graph, &Params::new(), &[]) else {
///     panic!("there are no weights");
/// };
/// assert_eq!(tensor, "conv1.weight");
/// assert_eq!(expected, [16, 3, 3, 3]);
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LowerError {
    /// The graph contradicts itself.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The graph does not have a node that must be kept.
    #[error("node {id} is to be kept: expected one of the graph's {nodes} nodes")]
    NoSuchNode {
        /// Requested index of a node.
        id: usize,
        /// Number of nodes in the graph.
        nodes: usize,
    },
    /// The parameters lack a weight that the graph needs, or the weight has a wrong shape.
    #[error("layer `{layer}`: tensor `{tensor}` expected shape {expected:?}, found {found}")]
    Tensor {
        /// Name of the node that needs the weight.
        layer: String,
        /// Name of the tensor.
        tensor: String,
        /// Shape that the graph requires.
        expected: Vec<usize>,
        /// Shape found, or "none".
        found: String,
    },
}
