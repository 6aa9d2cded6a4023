//! The host's side of the pooling kernels.

use super::{Dispatch, Kernel, Tile, word};
use crate::graph::{Shape, Window};
use crate::tensor::quads;

/// Pixels that each turn of the global pool's loop adds.
pub const UNROLL: usize = 32;

/// A pooling over windows of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PoolProblem {
    /// Images.
    pub batch: usize,
    /// Input of one image.
    pub input: Shape,
    /// Output of one image.
    pub output: Shape,
    /// Kernel, stride and padding.
    pub window: Window,
}

impl PoolProblem {
    /// Parameters and geometry.
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

/// A mean over all pixels of each image of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GlobalPoolProblem {
    /// Images.
    pub batch: usize,
    /// Input of one image.
    pub input: Shape,
}

impl GlobalPoolProblem {
    /// Parameters and geometry.
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
