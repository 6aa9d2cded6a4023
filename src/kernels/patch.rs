//! What a workgroup of the stem that pools computes.

use super::tile::Tile;
use crate::graph::Window;
use crate::tensor::QUAD;

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
