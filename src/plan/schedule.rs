//! The order of execution.
//!
//! A graph lists a block's shortcut before its branch. If the shortcut shrinks its input, computing
//! it only when the sum needs it saves memory.

use super::fused_norms::FusedNorms;
use super::selection::Selection;
use super::slots::{Assignment, Lifetime, assign};
use crate::graph::{Graph, NodeId};
use crate::kernels::{MemoryKind, Operand, Scalar, Storage};

/// Nodes in order of execution, and the slots of their values.
pub(super) struct Schedule {
    /// Node indices in order of execution.
    pub order: Vec<usize>,
    /// Slots of the nodes' values, then of the scratch buffers, then of the incoming images if they
    /// have a separate slot.
    pub assignment: Assignment,
    /// For each node, the index of its first scratch buffer in the assignment.
    pub scratch_at: Vec<usize>,
    /// Index of the incoming images in the assignment, if they have a separate slot.
    pub arriving_at: Option<usize>,
}

pub(super) fn schedule(values: &Values) -> Schedule {
    let graph = values.graph;
    let mut order: Vec<usize> = (0..graph.nodes.len()).collect();
    let mut best = values.assign(&order);
    for node in 1..graph.nodes.len() {
        let users = (node + 1..graph.nodes.len())
            .filter(|&user| graph.nodes[user].inputs.contains(&NodeId(node)));
        let Some(user) = users.min() else { continue };
        if user == node + 1 {
            continue;
        }
        let later = delay(&order, node, user);
        let found = values.assign(&later);
        if found.total() < best.total() {
            (order, best) = (later, found);
        }
    }
    Schedule {
        order,
        arriving_at: (values.arriving).map(|_| best.slot_of.len() - 1),
        assignment: best,
        scratch_at: values.scratch_at(),
    }
}

/// Returns the order with `node` moved to just before `user`.
fn delay(order: &[usize], node: usize, user: usize) -> Vec<usize> {
    let mut later: Vec<usize> = order.iter().copied().filter(|&n| n != node).collect();
    let at = later.iter().position(|&n| n == user).unwrap_or(later.len());
    later.insert(at, node);
    later
}

/// The values of a plan: one for each node, the scratch buffers within nodes, and the incoming
/// images.
pub(super) struct Values<'a> {
    pub graph: &'a Graph,
    pub batch: usize,
    /// Nodes whose values are outputs of the run.
    pub wanted: &'a [NodeId],
    /// The chosen candidate of each convolution.
    pub selections: &'a [Option<Selection>],
    /// The batch norms that convolutions also compute.
    pub fused_norms: &'a FusedNorms,
    /// Stored scalar type of each node's value.
    pub stored: &'a [Scalar],
    /// Memory kind of activations and weights.
    pub storage: Storage,
    /// Size in bytes and memory kind of the incoming images, if their form differs from the stored
    /// one.
    pub arriving: Option<(u64, MemoryKind)>,
}

impl Values<'_> {
    fn scratch_at(&self) -> Vec<usize> {
        let mut at = self.graph.nodes.len();
        let starts = self.selections.iter().map(|chosen| {
            let start = at;
            at += chosen.as_ref().map_or(0, |c| c.sequence.scratch.len());
            start
        });
        starts.collect()
    }

    /// Assigns slots to all values for the given order of nodes. A value that is never stored
    /// shares the slot of the node that replaces it.
    fn assign(&self, order: &[usize]) -> Assignment {
        let lifetimes = self.lifetimes(order);
        let nodes = self.graph.nodes.len();
        let instead = |value: usize| {
            if value < nodes {
                self.fused_norms.instead_of(NodeId(value))
            } else {
                None
            }
        };
        let written = (0..lifetimes.len()).filter(|&value| instead(value).is_none());
        let written: Vec<usize> = written.collect();
        let own: Vec<Lifetime> = written.iter().map(|&value| lifetimes[value]).collect();
        let found = assign(&own);
        let mut slot_of = vec![0; lifetimes.len()];
        for (&value, slot) in written.iter().zip(found.slot_of) {
            slot_of[value] = slot;
        }
        for value in 0..nodes {
            if let Some(node) = instead(value) {
                slot_of[value] = slot_of[node.0];
            }
        }
        Assignment { slot_of, ..found }
    }

    /// Returns the lifetime of each value for the given order of nodes, counted in dispatches.
    /// Wanted values live until the end. Other values end with the last dispatch that reads them.
    fn lifetimes(&self, order: &[usize]) -> Vec<Lifetime> {
        let nodes = &self.graph.nodes;
        let mut begins = vec![0; nodes.len()];
        let mut now = 0;
        for &node in order {
            begins[node] = now;
            now += match (&self.selections[node], self.fused_norms.maker(NodeId(node))) {
                (Some(chosen), _) => chosen.sequence.calls.len(),
                (None, Some(_)) => 0,
                (None, None) => 1,
            };
        }
        // Returns the first and the last dispatch of a node that bind an operand.
        let calls = |node: usize, operand: Operand| {
            let sequence = self.selections[node].as_ref().map(|c| &c.sequence);
            let found = sequence.and_then(|r| r.calls_of(operand));
            let (first, last) = found.unwrap_or((0, 0));
            (begins[node] + first, begins[node] + last)
        };
        let value = |(first, last), bytes, memory_kind| Lifetime {
            first,
            last,
            bytes,
            memory_kind,
        };
        let memory_kind = |scalar| self.storage.memory_kind(scalar);
        let mut values: Vec<Lifetime> = (nodes.iter().enumerate())
            .map(|(i, node)| {
                let bytes = super::activation_bytes(self.batch, node.shape, self.stored[i]);
                let maker = self.fused_norms.maker(NodeId(i)).unwrap_or(NodeId(i));
                let made = calls(maker.0, Operand::Output);
                value(made, bytes, memory_kind(self.stored[i]))
            })
            .collect();
        for (i, node) in nodes.iter().enumerate() {
            // This node is computed from a sum that is still in registers, so it reads no stored
            // input.
            if self.fused_norms.maker(NodeId(i)).is_some() {
                continue;
            }
            for (input, operand) in node.inputs.iter().zip([Operand::Input, Operand::Residual]) {
                let last = &mut values[input.0].last;
                *last = calls(i, operand).1.max(*last);
            }
        }
        for id in self.wanted {
            values[id.0].last = now;
        }
        for (i, chosen) in self.selections.iter().enumerate() {
            let scratch = chosen.iter().flat_map(|c| c.sequence.scratch.iter());
            for (s, scratch) in scratch.enumerate() {
                let live = calls(i, Operand::Scratch(s));
                values.push(value(live, scratch.bytes(), memory_kind(scratch.scalar)));
            }
        }
        // The dispatch of the input node reads the incoming images.
        let arriving = self.arriving;
        values.extend(arriving.map(|(bytes, memory_kind)| value((0, 0), bytes, memory_kind)));
        values
    }
}
