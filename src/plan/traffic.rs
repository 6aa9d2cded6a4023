//! The traffic that a node cannot do without.

use super::activation_bytes;
use crate::graph::{Graph, Node, Op, Shape};

/// Bytes of activations that a node reads and writes at least, each once.
/// Where windows do not overlap and leave pixels out, as a 1×1 convolution of
/// stride 2 does, those need not be read.
pub(super) fn traffic(graph: &Graph, node: &Node, batch: usize) -> u64 {
    let window = match &node.op {
        Op::Conv2d(conv) => Some(conv.window),
        Op::MaxPool(window) | Op::AvgPool(window) => Some(*window),
        _ => None,
    };
    let read = node.inputs.iter().enumerate().map(|(i, &id)| {
        let shape = graph.node(id).shape;
        match window {
            Some(w) if i == 0 => {
                let seen = |input: usize, output: usize| input.min(output * w.kernel);
                let (h, w) = (seen(shape.h, node.shape.h), seen(shape.w, node.shape.w));
                activation_bytes(batch, Shape { h, w, c: shape.c })
            }
            _ => activation_bytes(batch, shape),
        }
    });
    read.sum::<u64>() + activation_bytes(batch, node.shape)
}
