//! Absorbs a flatten node into the linear layer that follows it.
//!
//! PyTorch flattens in the order C×H×W. Activations here are stored as H×W×C with channels padded
//! to quads. The pass therefore permutes the columns of the weight, so that no values move at run
//! time.

use rayon::prelude::*;

use super::error::LowerError;
use super::rewrite::Rewrite;
use crate::graph::Op;
use crate::tensor::{Param, QUAD, Tensor, TensorError, TensorSource, quads};

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
        let columns = s.h * s.w * quads(s.c) * QUAD;
        let permuted = PermutedWeight {
            weight: rewrite.tensor(i, &linear.weight)?,
            shape: [linear.out_features, columns],
            pixels: s.h * s.w,
            channels: s.c,
        };
        let name = linear.weight.clone();
        rewrite.params.insert(name, Param::later(permuted));
        linear.in_features = columns;
        rewrite.nodes[i].op = Op::Linear(linear);
        rewrite.nodes[i].inputs[0] = source;
        rewrite.absorb(input);
    }
    Ok(())
}

/// A linear layer's weight `[out, C·H·W]`, with its columns permuted to the order of activations:
/// `[out, H·W·quads·4]`.
#[derive(Debug)]
struct PermutedWeight {
    weight: Param,
    shape: [usize; 2],
    pixels: usize,
    channels: usize,
}

impl TensorSource for PermutedWeight {
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn read(&self) -> Result<Tensor, TensorError> {
        let weight = self.weight.get()?;
        let mut permuted = Tensor::zeros(self.shape);
        let padded = quads(self.channels) * QUAD;
        let columns = self.shape[1].max(1);
        let rows = weight
            .data()
            .par_chunks_exact((self.pixels * self.channels).max(1));
        rows.zip(permuted.data_mut().par_chunks_exact_mut(columns))
            .for_each(|(row, out)| {
                for (c, plane) in row.chunks_exact(self.pixels).enumerate() {
                    for (pixel, &value) in plane.iter().enumerate() {
                        out[pixel * padded + c] = value;
                    }
                }
            });
        Ok(permuted)
    }
}
