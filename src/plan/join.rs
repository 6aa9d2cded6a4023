//! Batch norms that are applied where their input is stored.
//!
//! A block of a pre-activation network (He et al. 2016) begins with a batch
//! norm and a ReLU of the sum that the block before it ends with. The last
//! stage of the convolution that makes the sum makes these as well, where the
//! device binds what that takes; then the norm has no dispatch of its own.

use super::DeviceProfile;
use super::choose::Chosen;
use crate::graph::{Graph, NodeId, Op};
use crate::kernels::{Outputs, Variant};

/// A batch norm that a convolution makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Join {
    /// The norm, with its ReLU.
    pub norm: NodeId,
    /// What the convolution leaves: the sum and the norm, or the norm alone.
    pub outputs: Outputs,
}

/// Who makes what, for each node of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Joins {
    /// The norm that a convolution makes, if it makes one.
    of: Vec<Option<Join>>,
    /// The convolution that makes a norm, if one does.
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
        for (norm, node) in graph.iter() {
            // Without ReLU it is a layer that was asked for, which is rare.
            let (Op::ScaleShift { relu: true, .. }, &[sum]) = (&node.op, &node.inputs[..]) else {
                continue;
            };
            let outputs = match uses[sum.0] == 1 && !wanted.contains(&sum) {
                true => Outputs::Normed,
                false => Outputs::Both,
            };
            let last = chosen[sum.0].as_ref().and_then(|c| c.recipe.stages.last());
            let fits = last.is_some_and(|stage| {
                let variant = Variant {
                    kernel: stage.kernel,
                    types: stage.types,
                    outputs,
                };
                profile.binds(variant.values())
            });
            if fits && of[sum.0].is_none() {
                of[sum.0] = Some(Join { norm, outputs });
                maker[norm.0] = Some(sum);
            }
        }
        Self { of, maker }
    }

    /// The norm that node `id` makes besides or instead of its own value.
    pub fn of(&self, id: NodeId) -> Option<Join> {
        self.of[id.0]
    }

    /// The convolution that makes norm `id`; `None` where it is a step of its
    /// own, and for all other nodes.
    pub fn maker(&self, id: NodeId) -> Option<NodeId> {
        self.maker[id.0]
    }

    /// The norm that is all that is left of node `id`, if its own value is not
    /// written.
    pub fn instead_of(&self, id: NodeId) -> Option<NodeId> {
        let join = self.of[id.0]?;
        (join.outputs == Outputs::Normed).then_some(join.norm)
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
