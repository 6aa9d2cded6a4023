//! Host code for the fully connected kernels.

use super::{Dispatch, Flags, Kernel, Packing, Scalar, Tile, word};
use crate::tensor::{QUAD, quads};

/// One fully connected layer over a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinearProblem {
    /// Images in the batch.
    pub batch: usize,
    /// Input features, padded channels included.
    pub inputs: usize,
    /// Output features.
    pub outputs: usize,
    /// Adds a residual of the output's shape.
    pub residual: bool,
    /// Applies ReLU last.
    pub relu: bool,
}

/// The output features that one dispatch computes. A layer whose weights exceed the maximum binding
/// size runs as several dispatches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinearChunk {
    /// First output quad.
    pub first: usize,
    /// Number of output quads.
    pub quads: usize,
}

impl LinearProblem {
    fn rows(&self) -> usize {
        quads(self.inputs) * QUAD
    }

    fn tile_quads(kernel: &Kernel) -> usize {
        match kernel.tile {
            Tile::Reduce { quads, .. } => quads,
            _ => 1,
        }
    }

    /// Divides the layer into chunks, each with at most `max_bytes` of weights stored in `scalar`.
    /// Returns `None` if not even one tile fits.
    pub fn chunks(
        &self,
        kernel: &Kernel,
        scalar: Scalar,
        max_bytes: u64,
    ) -> Option<Vec<LinearChunk>> {
        let tile = Self::tile_quads(kernel);
        let tile_bytes = (self.rows() * tile * scalar.quad_bytes()) as u64;
        let tiles = usize::try_from(max_bytes / tile_bytes.max(1)).unwrap_or(usize::MAX);
        let step = tiles.checked_mul(tile)?;
        if step == 0 {
            return None;
        }
        let all = quads(self.outputs);
        let chunk = |first| LinearChunk {
            first,
            quads: step.min(all - first),
        };
        Some((0..all).step_by(step).map(chunk).collect())
    }

    fn chunk_outputs(&self, chunk: LinearChunk) -> (usize, usize) {
        let first = chunk.first * QUAD;
        (first, (chunk.quads * QUAD).min(self.outputs - first))
    }

    fn weight_quads(kernel: &Kernel, chunk: LinearChunk) -> usize {
        chunk.quads.next_multiple_of(Self::tile_quads(kernel))
    }

    /// Returns the layout in which the kernel reads a chunk's weights.
    pub fn weight_packing(&self, kernel: &Kernel, chunk: LinearChunk) -> Packing {
        let (first, count) = self.chunk_outputs(chunk);
        Packing::Linear {
            rows: self.rows(),
            first,
            count,
            quads: Self::weight_quads(kernel, chunk),
        }
    }

    /// Returns the layout in which the kernel reads a chunk's bias.
    pub fn bias_packing(&self, kernel: &Kernel, chunk: LinearChunk) -> Packing {
        let (first, count) = self.chunk_outputs(chunk);
        Packing::Vector {
            first,
            count,
            quads: Self::weight_quads(kernel, chunk),
        }
    }

    /// Returns the parameters and the geometry for one chunk.
    pub fn dispatch(&self, kernel: &Kernel, chunk: LinearChunk) -> Dispatch {
        let per_image = chunk.quads.div_ceil(Self::tile_quads(kernel));
        let tiles = per_image * self.batch;
        Dispatch {
            params: vec![
                word(tiles),
                word(per_image),
                word(quads(self.inputs)),
                word(quads(self.outputs)),
                word(chunk.first),
                word(chunk.quads),
                word(Self::weight_quads(kernel, chunk)),
                Flags {
                    relu: self.relu,
                    residual: self.residual,
                }
                .word(),
            ],
            workgroups: tiles as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::find;

    #[test]
    fn vgg19s_first_layer_is_cut_below_the_binding_limit() {
        let kernel = find("linear").unwrap();
        let problem = LinearProblem {
            batch: 1,
            inputs: 25_088,
            outputs: 4096,
            residual: false,
            relu: true,
        };
        let limit = 128 << 20;
        let chunks = problem.chunks(kernel, Scalar::F32, limit).unwrap();
        assert_eq!(chunks.len(), 4);
        let mut covered = 0;
        for chunk in &chunks {
            assert_eq!(chunk.first, covered);
            covered += chunk.quads;
            let bytes = problem.weight_packing(kernel, *chunk).len() * 4;
            assert!(bytes as u64 <= limit);
        }
        assert_eq!(covered, 1024);
        assert_eq!(problem.chunks(kernel, Scalar::F32, 1024), None);
        let halves = problem.chunks(kernel, Scalar::F16, limit).unwrap();
        assert_eq!(halves.len(), 2);
    }
}
