//! The traffic that a node cannot do without.

use super::activation_bytes;
use crate::graph::{Graph, NodeId, Op, Shape};
use crate::kernels::Scalar;

/// Bytes of activations that a node has to move: its first input, its second
/// (a residual, or the other half of a sum), and its output, each once, as
/// `stored` says. Where windows do not overlap and leave pixels out, as a 1×1
/// convolution of stride 2 does, those need not be read.
pub(super) fn traffic(graph: &Graph, stored: &[Scalar], id: NodeId, batch: usize) -> [u64; 3] {
    let node = graph.node(id);
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
        let seen = match window {
            Some(w) if i == 0 => {
                let seen = |input: usize, output: usize| input.min(output * w.kernel);
                let (h, w) = (seen(shape.h, node.shape.h), seen(shape.w, node.shape.w));
                Shape { h, w, c: shape.c }
            }
            _ => shape,
        };
        activation_bytes(batch, seen, stored[id.0])
    };
    let output = activation_bytes(batch, node.shape, stored[id.0]);
    [read(0), read(1), output]
}
