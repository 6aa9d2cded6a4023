//! Host code for the pooling kernels.

use super::{Dispatch, Kernel, Tile, word};
use crate::graph::{Shape, Window};
use crate::tensor::quads;

/// Pixels that one iteration of the global pool's loop adds.
pub const UNROLL: usize = 32;

/// A pooling over windows, for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PoolProblem {
    /// Images in the batch.
    pub batch: usize,
    /// Shape of one input image.
    pub input: Shape,
    /// Shape of one output image.
    pub output: Shape,
    /// Kernel extent, stride and padding.
    pub window: Window,
}

impl PoolProblem {
    /// Returns the parameters and the geometry.
    pub fn dispatch(&self, kernel: &Kernel) -> Dispatch {
        let quads = quads(self.input.c);
        let items = self.batch * self.output.h * self.output.w * quads;
        Dispatch {
            params: vec![
                word(items),
                word(self.input.h),
                word(self.input.w),
                word(self.output.h),
                word(self.output.w),
                word(quads),
                word(self.window.kernel),
                word(self.window.stride),
                word(self.window.padding),
            ],
            workgroups: items.div_ceil(kernel.workgroup) as u64,
        }
    }
}

/// A mean over all pixels of each image, for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GlobalPoolProblem {
    /// Images in the batch.
    pub batch: usize,
    /// Shape of one input image.
    pub input: Shape,
}

impl GlobalPoolProblem {
    /// Returns the parameters and the geometry.
    pub fn dispatch(&self, kernel: &Kernel) -> Dispatch {
        let tile = match kernel.tile {
            Tile::Reduce { quads, .. } => quads,
            _ => 1,
        };
        let quads = quads(self.input.c);
        let per_image = quads.div_ceil(tile);
        let tiles = per_image * self.batch;
        Dispatch {
            params: vec![
                word(tiles),
                word(per_image),
                word(self.input.h * self.input.w),
                word(quads),
            ],
            workgroups: tiles as u64,
        }
    }
}
