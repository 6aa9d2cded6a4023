//! Tests of the CPU reference against scalar loops on random shapes, and of its error cases.

mod convolutions;
mod pooling;
mod refusals;
mod running;
mod simple_ops;

use super::scalar_loops::Random;
use crate::graph::{Graph, Node, NodeId, Op, Shape};

/// Returns a graph of one operation on one input.
fn single(op: Op, input: Shape, output: Shape) -> Graph {
    let nodes = vec![
        node("input", Op::Input, &[], input),
        node("op", op, &[0], output),
    ];
    Graph {
        nodes,
        output: NodeId(1),
        aliases: Default::default(),
    }
}

fn node(name: &str, op: Op, inputs: &[usize], shape: Shape) -> Node {
    Node {
        name: name.into(),
        op,
        inputs: inputs.iter().map(|&i| NodeId(i)).collect(),
        shape,
    }
}

/// Returns a random image size; odd sizes are included.
fn size(random: &mut Random) -> [usize; 2] {
    [random.within(1, 13), random.within(1, 13)]
}
