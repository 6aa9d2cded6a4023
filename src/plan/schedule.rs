//! The order of execution. A graph lists a block's shortcut before its branch;
//! where the shortcut shrinks its input, memory is saved by computing it only
//! when the sum needs it.

use super::slots::{Assignment, Lifetime, assign};
use crate::graph::{Graph, NodeId};

/// Nodes in order of execution, and the slots of their values.
pub(super) fn schedule(graph: &Graph, batch: usize, wanted: &[NodeId]) -> (Vec<usize>, Assignment) {
    let mut order: Vec<usize> = (0..graph.nodes.len()).collect();
    let mut best = assign(&lifetimes(graph, batch, wanted, &order));
    for node in 1..graph.nodes.len() {
        let users = (node + 1..graph.nodes.len())
            .filter(|&user| graph.nodes[user].inputs.contains(&NodeId(node)));
        let Some(user) = users.min() else { continue };
        if user == node + 1 {
            continue;
        }
        let later = delayed(&order, node, user);
        let found = assign(&lifetimes(graph, batch, wanted, &later));
        if found.total() < best.total() {
            (order, best) = (later, found);
        }
    }
    (order, best)
}

/// The order with `node` moved to just before `user`.
fn delayed(order: &[usize], node: usize, user: usize) -> Vec<usize> {
    let mut later: Vec<usize> = order.iter().copied().filter(|&n| n != node).collect();
    let at = later.iter().position(|&n| n == user).unwrap_or(later.len());
    later.insert(at, node);
    later
}

/// When each value is live, in positions of `order`; `wanted` ones to the end.
fn lifetimes(graph: &Graph, batch: usize, wanted: &[NodeId], order: &[usize]) -> Vec<Lifetime> {
    let mut position = vec![0; order.len()];
    for (at, &node) in order.iter().enumerate() {
        position[node] = at;
    }
    let mut values: Vec<Lifetime> = graph
        .iter()
        .map(|(id, node)| Lifetime {
            first: position[id.0],
            last: position[id.0],
            bytes: super::activation_bytes(batch, node.shape),
        })
        .collect();
    for (id, node) in graph.iter() {
        for input in &node.inputs {
            let last = &mut values[input.0].last;
            *last = position[id.0].max(*last);
        }
    }
    for id in wanted {
        values[id.0].last = order.len();
    }
    values
}
