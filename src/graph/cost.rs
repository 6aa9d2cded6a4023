//! Parameters and multiply-accumulates of a graph, counted as in the papers.

use super::{Graph, NodeId, Op};

/// Parameters of one node, and its multiply-accumulates for one image.
///
/// ```
/// use resnet_wgpu::Network;
///
/// let graph = Network::preset("resnet50").expect("a preset").graph(224, 224)?;
/// let stem = graph.cost(graph.find("conv1").expect("the stem"));
/// assert_eq!(stem.parameters, 64 * 3 * 7 * 7);
/// assert_eq!(stem.macs, 112 * 112 * stem.parameters);
/// assert_eq!(graph.total_cost().parameters, 25_557_032);
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NodeCost {
    /// Learned parameters: weights, biases, γ and β. Running statistics are not learned and not
    /// counted, as in PyTorch's `sum(p.numel() for p in model.parameters())`.
    pub parameters: u64,
    /// Multiply-accumulates of convolutions and linear layers, one for each product. He 2015, table
    /// 1, calls them FLOPs.
    pub macs: u64,
}

/// The sum of a graph's node costs.
pub type TotalCost = NodeCost;

impl Graph {
    /// Returns the parameters of node `id`, and its multiply-accumulates for one image.
    pub fn cost(&self, id: NodeId) -> NodeCost {
        let node = self.node(id);
        match &node.op {
            Op::Conv2d(c) => {
                let k = c.window.kernel * c.window.kernel;
                let weights = c.out_channels * (c.in_channels / c.groups.max(1)) * k;
                let bias = c.bias.as_ref().map_or(0, |_| c.out_channels);
                NodeCost {
                    parameters: (weights + bias) as u64,
                    macs: weights as u64 * (node.shape.h * node.shape.w) as u64,
                }
            }
            Op::BatchNorm(bn) => NodeCost {
                parameters: 2 * bn.channels as u64,
                macs: 0,
            },
            Op::Linear(l) => {
                let weights = (l.out_features * l.in_features) as u64;
                let bias = l.bias.as_ref().map_or(0, |_| l.out_features as u64);
                NodeCost {
                    parameters: weights + bias,
                    macs: weights,
                }
            }
            _ => NodeCost::default(),
        }
    }

    /// Returns the whole graph's parameters, and its multiply-accumulates for one image.
    pub fn total_cost(&self) -> TotalCost {
        self.iter()
            .map(|(id, _)| self.cost(id))
            .fold(TotalCost::default(), |sum, c| TotalCost {
                parameters: sum.parameters + c.parameters,
                macs: sum.macs + c.macs,
            })
    }
}
