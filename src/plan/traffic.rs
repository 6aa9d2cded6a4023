//! The minimum memory traffic of a node.

use super::activation_bytes;
use crate::graph::{Graph, NodeId, Op, Shape};
use crate::kernels::Scalar;

/// Returns the activations that a node has to move for `batch` images, in bytes: `[first input,
/// second input, output]`, each counted once.
///
/// The second input is a residual or the other operand of a sum. `stored` holds the scalar type of
/// each value. A window may be smaller than its stride, as in a 1×1 convolution of stride 2. The
/// pixels that such windows skip are not counted.
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
