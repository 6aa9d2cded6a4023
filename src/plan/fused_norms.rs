//! Batch norms that the preceding convolution also computes, so that they need no dispatch.
//!
//! A block of a pre-activation network (He et al. 2016) begins with a batch norm and a ReLU. Their
//! input is the sum that ends the preceding block. The last kernel of the convolution that computes
//! the sum also computes the norm and the ReLU, if the device can bind the additional buffers.

use super::DeviceProfile;
use super::selection::Selection;
use crate::graph::{Graph, NodeId, Op};
use crate::kernels::{KernelOutputs, KernelVariant};

/// A node that the preceding convolution also computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FusedNorm {
    /// The batch norm with its ReLU.
    pub node: NodeId,
    /// Outputs of the convolution's last kernel.
    pub outputs: KernelOutputs,
}

/// The fused norms of a graph, by node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FusedNorms {
    /// For each node, the batch norm that it computes in addition to its own value or instead of
    /// it.
    of: Vec<Option<FusedNorm>>,
    /// For each node, the convolution that computes it, if any.
    maker: Vec<Option<NodeId>>,
}

impl FusedNorms {
    /// Finds the fused norms of a graph. `wanted` lists the nodes whose values are outputs.
    /// `selections` holds the chosen candidate of each convolution.
    pub fn new(
        graph: &Graph,
        wanted: &[NodeId],
        selections: &[Option<Selection>],
        profile: &DeviceProfile,
    ) -> Self {
        let uses = graph.use_counts();
        let mut of = vec![None; graph.nodes.len()];
        let mut maker = vec![None; graph.nodes.len()];
        for (id, node) in graph.iter() {
            let &[input] = &node.inputs[..] else {
                continue;
            };
            let Some(chosen) = &selections[input.0] else {
                continue;
            };
            let fused_norm = match node.op {
                // A norm without ReLU exists only if its value was requested, which is rare.
                Op::ScaleShift { relu: true, .. } => {
                    let outputs = if uses[input.0] == 1 && !wanted.contains(&input) {
                        KernelOutputs::Normed
                    } else {
                        KernelOutputs::Both
                    };
                    norm(id, outputs, chosen, profile)
                }
                _ => None,
            };
            if fused_norm.is_some() && of[input.0].is_none() {
                of[input.0] = fused_norm;
                maker[id.0] = Some(input);
            }
        }
        Self { of, maker }
    }

    /// Returns the batch norm that node `id` computes in addition to its own value or instead of
    /// it.
    pub fn of(&self, id: NodeId) -> Option<FusedNorm> {
        self.of[id.0]
    }

    /// Returns the convolution that computes node `id`, or `None` if the node has a dispatch of its
    /// own.
    pub fn maker(&self, id: NodeId) -> Option<NodeId> {
        self.maker[id.0]
    }

    /// Returns the node that replaces node `id` if the value of `id` is not stored.
    pub fn instead_of(&self, id: NodeId) -> Option<NodeId> {
        let fused_norm = self.of[id.0]?;
        (fused_norm.outputs == KernelOutputs::Normed).then_some(fused_norm.node)
    }

    /// Returns, for each node, the node whose steps write its value, or `None` for a value that is
    /// never stored.
    pub fn made_by(&self) -> Vec<Option<NodeId>> {
        let ids = (0..self.of.len()).map(NodeId);
        ids.map(|id| match self.instead_of(id) {
            Some(_) => None,
            None => Some(self.maker(id).unwrap_or(id)),
        })
        .collect()
    }
}

/// Returns the fused norm for batch norm `node`, if the last kernel of the chosen candidate can
/// compute `outputs` on the device.
fn norm(
    node: NodeId,
    outputs: KernelOutputs,
    chosen: &Selection,
    profile: &DeviceProfile,
) -> Option<FusedNorm> {
    let call = chosen.sequence.calls.last()?;
    let variant = KernelVariant {
        kernel: call.kernel,
        types: call.types,
        outputs,
    };
    let able = call.kernel.outputs().contains(&outputs);
    (able && profile.binds(variant.values())).then_some(FusedNorm { node, outputs })
}

#[cfg(test)]
mod tests;
