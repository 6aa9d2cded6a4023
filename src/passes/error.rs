//! Graphs that cannot be lowered.

use crate::graph::GraphError;

/// A graph that cannot be lowered; loading a checkpoint against a graph that
/// the builder made rules this out.
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
    /// A node to be kept that the graph does not have.
    #[error("node {id} is to be kept: expected one of the graph's {nodes} nodes")]
    NoSuchNode {
        /// The index asked for.
        id: usize,
        /// Nodes that the graph has.
        nodes: usize,
    },
    /// A weight that the graph needs and the parameters lack.
    #[error("layer `{layer}`: tensor `{tensor}` expected shape {expected:?}, found {found}")]
    Tensor {
        /// The node that needs it.
        layer: String,
        /// The tensor's name.
        tensor: String,
        /// The shape that the graph gives it.
        expected: Vec<usize>,
        /// The shape found, or "none".
        found: String,
    },
}
