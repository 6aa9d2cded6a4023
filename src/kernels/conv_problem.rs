//! Convolution problems, and their division into tiles.

use super::pack::Packing;
use super::table::Kernel;
use super::tile::{Reduction, Tile};
use crate::graph::{Shape, Window};
use crate::tensor::{QUAD, quads};

/// One convolution over a batch, in the form that a kernel needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConvProblem {
    /// Images in the batch.
    pub batch: usize,
    /// Shape of one input image.
    pub input: Shape,
    /// Shape of one output image.
    pub output: Shape,
    /// Kernel extent, stride and padding.
    pub window: Window,
    /// Number of groups.
    pub groups: usize,
    /// Adds a residual of the output's shape.
    pub residual: bool,
    /// Applies ReLU last.
    pub relu: bool,
    /// Number of independent products of this shape, stored consecutively in each buffer.
    ///
    /// A convolution has 1. Winograd's batched GEMM has one for each point of a tile; its window is
    /// 1×1, its batch is 1, and it has neither residual nor ReLU.
    pub points: usize,
}

impl ConvProblem {
    /// Returns the number of output pixels of the whole batch.
    pub fn pixels(&self) -> usize {
        self.batch * self.output.h * self.output.w
    }

    /// Returns the number of multiply-accumulates, summed over all points.
    pub fn macs(&self) -> u64 {
        let reduction = self.window.kernel.pow(2) * self.input.c / self.groups;
        (self.points * self.pixels() * self.output.c) as u64 * reduction as u64
    }

    /// Returns whether the kernel can compute this problem. Does not consider whether the device
    /// can run the kernel.
    pub fn fits(&self, kernel: &Kernel) -> bool {
        let (group_in, group_out) = self.group_channels();
        match kernel.tile {
            Tile::Shuffle { .. } => self.groups == 1,
            Tile::Stem { kernel, stride, .. } => {
                self.groups == 1
                    && self.input.c == 3
                    && (self.window.kernel, self.window.stride) == (kernel, stride)
                    && self.points == 1
            }
            Tile::Gemm { reduction, .. } | Tile::Cooperative { reduction, .. } => {
                let suits = match reduction {
                    Reduction::Window => true,
                    Reduction::Pointwise => self.window.kernel == 1 && self.window.padding == 0,
                    Reduction::Rgb => self.input.c == 3,
                };
                self.groups == 1 && suits
            }
            Tile::Row { kernel, .. } => {
                group_in.is_multiple_of(QUAD)
                    && group_out.is_multiple_of(QUAD)
                    && (self.window.kernel, self.window.stride) == (kernel, 1)
            }
            Tile::Direct { aligned, .. } => {
                !aligned || (group_in.is_multiple_of(QUAD) && group_out.is_multiple_of(QUAD))
            }
            Tile::Reduce { .. } | Tile::Winograd { .. } | Tile::Flat | Tile::Bytes => false,
        }
    }

    /// Returns the number of tiles of one point: along the pixels and along the output quads.
    pub fn tiles(&self, kernel: &Kernel) -> (usize, usize) {
        let (pixels, out_quads) = (self.pixels(), quads(self.output.c));
        match kernel.tile {
            Tile::Shuffle {
                lanes,
                pixels: tile,
            } => (pixels.div_ceil(tile), out_quads.div_ceil(lanes)),
            Tile::Stem {
                lanes,
                pixels: tile,
                ..
            } => {
                let rows = self.batch * self.output.h;
                let tiles = rows * self.output.w.div_ceil(tile);
                (tiles, out_quads.div_ceil(lanes))
            }
            Tile::Gemm { bm, bn, .. } | Tile::Cooperative { bm, bn, .. } => {
                (pixels.div_ceil(bm), out_quads.div_ceil(bn))
            }
            Tile::Row { pixels: tile, .. } => {
                let rows = self.batch * self.output.h;
                (rows * self.output.w.div_ceil(tile), out_quads)
            }
            Tile::Direct { pixels: tile, .. } => (pixels.div_ceil(tile), out_quads),
            Tile::Reduce { .. } | Tile::Winograd { .. } | Tile::Flat | Tile::Bytes => (0, 0),
        }
    }

    /// Returns the number of quads in a row of packed weights.
    ///
    /// The number is a multiple of the tile's width, so that kernels read weights and bias without
    /// a bounds check.
    pub(super) fn weight_quads(&self, kernel: &Kernel) -> usize {
        let width = match kernel.tile {
            Tile::Shuffle { lanes, .. } | Tile::Stem { lanes, .. } => lanes,
            Tile::Gemm { bn, .. } | Tile::Cooperative { bn, .. } => bn,
            _ => 1,
        };
        quads(self.output.c).next_multiple_of(width)
    }

    pub(super) fn group_channels(&self) -> (usize, usize) {
        (self.input.c / self.groups, self.output.c / self.groups)
    }

    /// Returns the number of packed weight rows for each tap of the window.
    pub(super) fn tap_rows(&self, kernel: &Kernel) -> usize {
        match kernel.tile {
            Tile::Direct { .. } | Tile::Row { .. } | Tile::Stem { .. } => self.group_channels().0,
            Tile::Gemm {
                reduction: Reduction::Rgb,
                ..
            } => self.input.c,
            _ => quads(self.input.c) * QUAD,
        }
    }

    /// Returns the number of quads in the reduction and in one step of it.
    fn reduction(&self, kernel: &Kernel) -> (usize, usize) {
        let rows = self.window.kernel.pow(2) * self.tap_rows(kernel);
        let step = match kernel.tile {
            Tile::Gemm { bk, .. } | Tile::Cooperative { bk, .. } => bk,
            _ => 1,
        };
        (quads(rows), step)
    }

    /// Returns the number of parts into which a tiled kernel cuts each tile's reduction, given the
    /// `wanted` number.
    ///
    /// The result can be smaller than `wanted`: each part consists of whole steps, and no part is
    /// empty.
    pub fn parts(&self, kernel: &Kernel, wanted: usize) -> usize {
        let (quads, step) = self.reduction(kernel);
        quads.div_ceil(self.part_quads(kernel, wanted).max(step))
    }

    pub(super) fn part_quads(&self, kernel: &Kernel, parts: usize) -> usize {
        let (quads, step) = self.reduction(kernel);
        quads.div_ceil(parts.max(1)).next_multiple_of(step)
    }

    /// Returns the layout in which the kernel reads the weights.
    pub fn weight_packing(&self, kernel: &Kernel) -> Packing {
        Packing::Conv {
            kernel: self.window.kernel,
            rows: self.tap_rows(kernel),
            quads: self.weight_quads(kernel),
        }
    }

    /// Returns the layout in which the kernel reads the bias.
    pub fn bias_packing(&self, kernel: &Kernel) -> Packing {
        Packing::Vector {
            first: 0,
            count: self.output.c,
            quads: self.weight_quads(kernel),
        }
    }
}
