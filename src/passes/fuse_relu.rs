//! Fuses ReLU into the node that feeds it: a convolution, a linear layer, or the scale-shift that
//! replaced a batch norm.

use super::rewrite::Rewrite;
use crate::graph::Op;

pub(super) fn run(rewrite: &mut Rewrite) {
    for i in rewrite.live() {
        if rewrite.nodes[i].op != Op::Relu {
            continue;
        }
        let input = rewrite.nodes[i].inputs[0];
        if !rewrite.can_absorb(input) {
            continue;
        }
        let mut op = rewrite.nodes[input.0].op.clone();
        match &mut op {
            Op::Conv2d(conv) => conv.epilogue.relu = true,
            Op::Linear(linear) => linear.epilogue.relu = true,
            Op::ScaleShift { relu, .. } => *relu = true,
            _ => continue,
        }
        rewrite.nodes[i].inputs = rewrite.nodes[input.0].inputs.clone();
        rewrite.nodes[i].op = op;
        rewrite.absorb(input);
    }
}
