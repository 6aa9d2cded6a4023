//! A convolution, and how kernels divide it.

use super::pack::Packing;
use super::table::Kernel;
use super::tile::{Reduction, Tile};
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

    /// Tiles of a point along the pixels and along the output quads.
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

    /// Quads in a row of packed weights: whole tiles, so that kernels read
    /// weights and bias without a check.
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

    /// Rows of packed weights for each tap of the window.
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

    /// Quads of the reduction, and those of one step.
    fn reduction(&self, kernel: &Kernel) -> (usize, usize) {
        let rows = self.window.kernel.pow(2) * self.tap_rows(kernel);
        let step = match kernel.tile {
            Tile::Gemm { bk, .. } | Tile::Cooperative { bk, .. } => bk,
            _ => 1,
        };
        (quads(rows), step)
    }

    /// Into how many parts a tiled kernel can cut each tile's reduction, if
    /// it is to be `wanted`: parts are whole steps, and none is empty.
    pub fn parts(&self, kernel: &Kernel, wanted: usize) -> usize {
        let (quads, step) = self.reduction(kernel);
        quads.div_ceil(self.part_quads(kernel, wanted).max(step))
    }

    pub(super) fn part_quads(&self, kernel: &Kernel, parts: usize) -> usize {
        let (quads, step) = self.reduction(kernel);
        quads.div_ceil(parts.max(1)).next_multiple_of(step)
    }

    /// How the kernel wants the weights.
    pub fn weight_packing(&self, kernel: &Kernel) -> Packing {
        Packing::Conv {
            kernel: self.window.kernel,
            rows: self.tap_rows(kernel),
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
}
