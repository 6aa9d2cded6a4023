//! The stored scalar type of each value.

use crate::graph::{Graph, NodeId, Op};
use crate::kernels::Scalar;

/// Returns the stored scalar type of each node's value. Most values are stored in `precision`.
///
/// Probabilities and logits are always f32, because there are few of them and people compare them.
/// A fully connected layer computes logits if nothing but a softmax reads its result.
pub(super) fn scalars(graph: &Graph, precision: Scalar) -> Vec<Scalar> {
    let nodes = graph.nodes.iter().enumerate();
    let all = nodes.map(|(i, node)| match node.op {
        Op::Softmax => Scalar::F32,
        Op::Linear(_) if read_by_softmax_only(graph, NodeId(i)) => Scalar::F32,
        _ => precision,
    });
    all.collect()
}

fn read_by_softmax_only(graph: &Graph, id: NodeId) -> bool {
    let mut users = graph.nodes.iter().filter(|n| n.inputs.contains(&id));
    users.all(|user| matches!(user.op, Op::Softmax))
}
