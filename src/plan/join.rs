//! Nodes that the convolution before them makes, so that they have no dispatch
//! of their own.
//!
//! A block of a pre-activation network (He et al. 2016) begins with a batch
//! norm and a ReLU of the sum that the block before it ends with. The last
//! stage of the convolution that makes the sum makes these as well, where the
//! device binds what that takes.

use super::DeviceProfile;
use super::choose::Chosen;
use crate::graph::{Graph, NodeId, Op};
use crate::kernels::{Outputs, Variant};

/// A node that the convolution before it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Join {
    /// A norm with its ReLU.
    pub node: NodeId,
    /// What the convolution's last kernel is to leave.
    pub outputs: Outputs,
    /// The convolution's own value is not written.
    pub instead: bool,
}

/// Who makes what, for each node of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Joins {
    /// What a convolution makes besides or instead of its own value.
    of: Vec<Option<Join>>,
    /// The convolution that makes a node, if one does.
    maker: Vec<Option<NodeId>>,
}

impl Joins {
    /// Those of a graph: `wanted` are the nodes whose values are wanted in the
    /// end, `chosen` is how each convolution is computed.
    pub fn new(
        graph: &Graph,
        wanted: &[NodeId],
        chosen: &[Option<Chosen>],
        profile: &DeviceProfile,
    ) -> Self {
        let uses = graph.use_counts();
        let mut of = vec![None; graph.nodes.len()];
        let mut maker = vec![None; graph.nodes.len()];
        for (id, node) in graph.iter() {
            let &[input] = &node.inputs[..] else {
                continue;
            };
            let Some(chosen) = &chosen[input.0] else {
                continue;
            };
            let join = match node.op {
                // Without ReLU it is a layer that was asked for, which is rare.
                Op::ScaleShift { relu: true, .. } => {
                    let instead = uses[input.0] == 1 && !wanted.contains(&input);
                    norm(id, instead, chosen, profile)
                }
                _ => None,
            };
            if join.is_some() && of[input.0].is_none() {
                of[input.0] = join;
                maker[id.0] = Some(input);
            }
        }
        Self { of, maker }
    }

    /// What node `id` makes besides or instead of its own value.
    pub fn of(&self, id: NodeId) -> Option<Join> {
        self.of[id.0]
    }

    /// The convolution that makes node `id`; `None` where it is a step of its
    /// own.
    pub fn maker(&self, id: NodeId) -> Option<NodeId> {
        self.maker[id.0]
    }

    /// The node that is all that is left of node `id`, if its own value is not
    /// written.
    pub fn instead_of(&self, id: NodeId) -> Option<NodeId> {
        let join = self.of[id.0]?;
        join.instead.then_some(join.node)
    }

    /// For each node, the one whose steps write its value; `None` for a value
    /// that is not written.
    pub fn made_by(&self) -> Vec<Option<NodeId>> {
        let ids = (0..self.of.len()).map(NodeId);
        ids.map(|id| match self.instead_of(id) {
            Some(_) => None,
            None => Some(self.maker(id).unwrap_or(id)),
        })
        .collect()
    }
}

/// The norm `node`, where the last stage of what was chosen for the sum can make
/// it on the device.
fn norm(node: NodeId, instead: bool, chosen: &Chosen, profile: &DeviceProfile) -> Option<Join> {
    let outputs = match instead {
        true => Outputs::Normed,
        false => Outputs::Both,
    };
    let stage = chosen.recipe.stages.last()?;
    let variant = Variant {
        kernel: stage.kernel,
        types: stage.types,
        outputs,
    };
    let able = stage.kernel.outputs().contains(&outputs);
    (able && profile.binds(variant.values())).then_some(Join {
        node,
        outputs,
        instead,
    })
}

#[cfg(test)]
mod tests;
