//! The host's side of the stem that pools what it makes.

use super::{ConvProblem, Dispatch, Kernel, Tile, flags, word};
use crate::graph::{Shape, Window};
use crate::tensor::{QUAD, quads};

/// The max pool that `shaders/conv_pool.wgsl` makes: ImageNet's stem has it.
pub const STEM_POOL: Window = Window::new(3, 2, 1);

/// What a workgroup computes to pool it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patch {
    /// Rows and columns of the convolution's output.
    pub conv: (usize, usize),
    /// Rows and columns of the image.
    pub image: (usize, usize),
    quads: usize,
}

impl Patch {
    /// That of a [`Tile::Pooled`].
    pub fn new(tile: &Tile) -> Option<Self> {
        let Tile::Pooled {
            rows,
            cols,
            quads,
            kernel,
            stride,
        } = *tile
        else {
            return None;
        };
        let covers = |n: usize, kernel: usize, stride: usize| (n - 1) * stride + kernel;
        let conv = [rows, cols].map(|n| covers(n, STEM_POOL.kernel, STEM_POOL.stride));
        let image = conv.map(|n| covers(n, kernel, stride));
        Some(Self {
            conv: conv.into(),
            image: image.into(),
            quads,
        })
    }

    /// Scalars of workgroup memory: of the image, and afterwards of the
    /// convolution's output.
    pub fn workgroup_floats(&self) -> usize {
        let image = 3 * self.image.0 * self.image.1;
        image.max(QUAD * self.quads * self.conv.0 * self.conv.1)
    }
}

/// Parameters and geometry, by a kernel whose tiles are so many pooled rows and
/// columns.
pub(super) fn dispatch(
    problem: &ConvProblem,
    kernel: &Kernel,
    (rows, cols): (usize, usize),
) -> Dispatch {
    // One without a pool fits no such kernel, and has no tiles.
    let pooled = problem.pooled().unwrap_or(Shape::new(0, 0, 0));
    let (m_tiles, n_tiles) = problem.tiles(kernel);
    let tiles = m_tiles * n_tiles;
    Dispatch {
        params: vec![
            word(tiles),
            word(n_tiles),
            word(pooled.w.div_ceil(cols)),
            word(pooled.h.div_ceil(rows)),
            word(problem.input.h),
            word(problem.input.w),
            word(problem.output.h),
            word(problem.output.w),
            word(pooled.h),
            word(pooled.w),
            word(quads(problem.output.c)),
            word(problem.weight_packing(kernel).quads()),
            word(problem.window.padding),
            flags(problem.relu, false),
        ],
        workgroups: tiles as u64,
    }
}
