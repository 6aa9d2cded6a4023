//! Absorbs a flattening into the linear layer behind it: PyTorch flattens
//! C×H×W, activations lie H×W×C with channels padded to quads, so the weight's
//! columns are put into that order once, and nothing moves at run time.

use super::{LowerError, Rewrite};
use crate::graph::Op;
use crate::tensor::{QUAD, quads};

pub(super) fn run(rewrite: &mut Rewrite) -> Result<(), LowerError> {
    for i in rewrite.live() {
        let Op::Linear(mut linear) = rewrite.nodes[i].op.clone() else {
            continue;
        };
        let input = rewrite.nodes[i].inputs[0];
        if rewrite.nodes[input.0].op != Op::Flatten || !rewrite.can_absorb(input) {
            continue;
        }
        let source = rewrite.nodes[input.0].inputs[0];
        let s = rewrite.nodes[source.0].shape;
        let padded = quads(s.c) * QUAD;
        let columns = s.h * s.w * padded;
        let weight = rewrite.tensor(i, &linear.weight)?;
        let mut permuted = vec![0.0; linear.out_features * columns];
        let rows = weight.data().chunks_exact(linear.in_features);
        for (row, out) in rows.zip(permuted.chunks_exact_mut(columns)) {
            for (c, plane) in row.chunks_exact(s.h * s.w).enumerate() {
                for (pixel, &value) in plane.iter().enumerate() {
                    out[pixel * padded + c] = value;
                }
            }
        }
        let shape = [linear.out_features, columns];
        rewrite.insert(&linear.weight.clone(), &shape, permuted);
        linear.in_features = columns;
        rewrite.nodes[i].op = Op::Linear(linear);
        rewrite.nodes[i].inputs[0] = source;
        rewrite.absorb(input);
    }
    Ok(())
}
