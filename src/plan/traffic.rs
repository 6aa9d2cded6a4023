//! The traffic that a node cannot do without.

use super::activation_bytes;
use crate::graph::{Graph, Node, Op, Shape};

/// Bytes of activations that a node has to move: its first input, its second
/// (a residual, or the other half of a sum), and its output, each once. Where
/// windows do not overlap and leave pixels out, as a 1×1 convolution of stride
/// 2 does, those need not be read.
pub(super) fn traffic(graph: &Graph, node: &Node, batch: usize) -> [u64; 3] {
    let window = match &node.op {
        Op::Conv2d(conv) => Some(conv.window),
        Op::MaxPool(window) | Op::AvgPool(window) => Some(*window),
        _ => None,
    };
    let read = |i: usize| {
        let Some(&id) = node.inputs.get(i) else {
            return 0;
        };
        let shape = graph.node(id).shape;
        match window {
            Some(w) if i == 0 => {
                let seen = |input: usize, output: usize| input.min(output * w.kernel);
                let (h, w) = (seen(shape.h, node.shape.h), seen(shape.w, node.shape.w));
                activation_bytes(batch, Shape { h, w, c: shape.c })
            }
            _ => activation_bytes(batch, shape),
        }
    };
    [read(0), read(1), activation_bytes(batch, node.shape)]
}
