//! In what each value is stored.

use crate::graph::{Graph, NodeId, Op};
use crate::kernels::Scalar;

/// For each node, in what its value is stored where activations are stored in
/// `precision`. Probabilities are f32, and so are logits: a fully connected
/// result that nothing but a softmax reads. There are few of them, and people
/// compare them.
pub(super) fn stored(graph: &Graph, precision: Scalar) -> Vec<Scalar> {
    let nodes = graph.nodes.iter().enumerate();
    let scalars = nodes.map(|(i, node)| match node.op {
        Op::Softmax => Scalar::F32,
        Op::Linear(_) if read_by_softmax_only(graph, NodeId(i)) => Scalar::F32,
        _ => precision,
    });
    scalars.collect()
}

fn read_by_softmax_only(graph: &Graph, id: NodeId) -> bool {
    let mut users = graph.nodes.iter().filter(|n| n.inputs.contains(&id));
    users.all(|user| matches!(user.op, Op::Softmax))
}
