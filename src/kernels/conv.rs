//! The host's side of the convolution kernels.

use super::{Dispatch, Kernel, Packing, Tile, flags, word};
use crate::graph::{Shape, Window};
use crate::tensor::{QUAD, quads};

/// One convolution of a batch, as a kernel sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConvProblem {
    /// Images.
    pub batch: usize,
    /// Input of one image.
    pub input: Shape,
    /// Output of one image.
    pub output: Shape,
    /// Kernel, stride and padding.
    pub window: Window,
    /// Groups.
    pub groups: usize,
    /// Add a residual of the output's shape.
    pub residual: bool,
    /// Clamp at zero from below.
    pub relu: bool,
    /// Independent products of the same shape, one after the other in each
    /// buffer: 1 for a convolution, the points of a tile for Winograd's batched
    /// GEMM (a 1×1 window on a batch of one, neither residual nor ReLU).
    pub points: usize,
}

impl ConvProblem {
    /// Output pixels of the whole batch.
    pub fn pixels(&self) -> usize {
        self.batch * self.output.h * self.output.w
    }

    /// Multiply-accumulates of all points.
    pub fn macs(&self) -> u64 {
        let reduction = self.window.kernel.pow(2) * self.input.c / self.groups;
        (self.points * self.pixels() * self.output.c) as u64 * reduction as u64
    }

    /// Whether the kernel computes this problem (the device apart).
    pub fn fits(&self, kernel: &Kernel) -> bool {
        let (group_in, group_out) = self.group_channels();
        match kernel.tile {
            Tile::Shuffle { .. } => self.groups == 1,
            _ if self.points > 1 => false,
            Tile::Gemm { pointwise, .. } => {
                self.groups == 1
                    && (!pointwise || (self.window.kernel == 1 && self.window.padding == 0))
            }
            Tile::Direct { aligned, .. } => {
                !aligned || (group_in.is_multiple_of(QUAD) && group_out.is_multiple_of(QUAD))
            }
            Tile::Reduce { .. } | Tile::Winograd { .. } | Tile::Flat => false,
        }
    }

    /// Tiles of a point along the pixels and along the output quads.
    pub fn tiles(&self, kernel: &Kernel) -> (usize, usize) {
        let (pixels, out_quads) = (self.pixels(), quads(self.output.c));
        match kernel.tile {
            Tile::Shuffle {
                lanes,
                pixels: tile,
            } => (pixels.div_ceil(tile), out_quads.div_ceil(lanes)),
            Tile::Gemm { bm, bn, .. } => (pixels.div_ceil(bm), out_quads.div_ceil(bn)),
            Tile::Direct { pixels: tile, .. } => (pixels.div_ceil(tile), out_quads),
            Tile::Reduce { .. } | Tile::Winograd { .. } | Tile::Flat => (0, 0),
        }
    }

    /// Quads in a row of packed weights: whole tiles, so that kernels read
    /// weights and bias without a check.
    fn weight_quads(&self, kernel: &Kernel) -> usize {
        let width = match kernel.tile {
            Tile::Shuffle { lanes, .. } => lanes,
            Tile::Gemm { bn, .. } => bn,
            _ => 1,
        };
        quads(self.output.c).next_multiple_of(width)
    }

    fn group_channels(&self) -> (usize, usize) {
        (self.input.c / self.groups, self.output.c / self.groups)
    }

    /// How the kernel wants the weights.
    pub fn weight_packing(&self, kernel: &Kernel) -> Packing {
        let rows = match kernel.tile {
            Tile::Direct { .. } => self.group_channels().0,
            _ => quads(self.input.c) * QUAD,
        };
        Packing::Conv {
            kernel: self.window.kernel,
            rows,
            quads: self.weight_quads(kernel),
        }
    }

    /// How the kernel wants the bias.
    pub fn bias_packing(&self, kernel: &Kernel) -> Packing {
        Packing::Vector {
            first: 0,
            count: self.output.c,
            quads: self.weight_quads(kernel),
        }
    }

    /// Parameters and geometry.
    pub fn dispatch(&self, kernel: &Kernel) -> Dispatch {
        let (m_tiles, n_tiles) = self.tiles(kernel);
        let tiles = m_tiles * n_tiles * self.points;
        let (group_in, group_out) = self.group_channels();
        let per_workgroup = match kernel.tile {
            Tile::Shuffle { lanes, .. } => kernel.workgroup / lanes,
            Tile::Direct { .. } => kernel.workgroup,
            _ => 1,
        };
        Dispatch {
            params: vec![
                word(self.pixels()),
                word(self.input.h),
                word(self.input.w),
                word(quads(self.input.c)),
                word(self.output.h),
                word(self.output.w),
                word(quads(self.output.c)),
                word(self.window.kernel),
                word(self.window.stride),
                word(self.window.padding),
                word(self.weight_quads(kernel)),
                word(m_tiles),
                word(tiles),
                flags(self.relu, self.residual),
                word(group_in),
                word(group_out),
                word(self.points),
            ],
            workgroups: tiles.div_ceil(per_workgroup) as u64,
        }
    }
}
