//! Layouts of weights in GPU buffers.
//!
//! Each row holds output channels, so one `vec4` holds four neighbouring output channels of one
//! input channel and tap.

use std::ops::Range;

use rayon::prelude::*;

use super::winograd_matrices::transform_filter;
use crate::tensor::{QUAD, Tensor};

/// A layout into which a weight tensor is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Packing {
    /// Convolution weights: `[Cout, Cin/groups, K, K]` becomes `[K·K][rows][quads·4]`. The `rows`
    /// are the input channels of a group, padded with zeros.
    Conv {
        /// Kernel extent.
        kernel: usize,
        /// Input channels of a tap, padded.
        rows: usize,
        /// Quads of output channels, padded.
        quads: usize,
    },
    /// One chunk of a linear layer's weights: the `count` output features from `first` on. The
    /// weight `[out, in]` becomes `[rows][quads·4]`.
    Linear {
        /// Input features, padded.
        rows: usize,
        /// First output feature of the chunk.
        first: usize,
        /// Output features of the chunk.
        count: usize,
        /// Quads of output features, padded.
        quads: usize,
    },
    /// Convolution weights `[Cout, Cin, 3, 3]`, transformed for Winograd with output tiles of
    /// `tile`×`tile` pixels. The result is `[(tile+2)²][rows][quads·4]`.
    Winograd {
        /// Side of an output tile, in pixels.
        tile: usize,
        /// Input channels, padded.
        rows: usize,
        /// Quads of output channels, padded.
        quads: usize,
    },
    /// The `count` elements of a vector from `first` on, padded with zeros.
    Vector {
        /// First element.
        first: usize,
        /// Number of elements.
        count: usize,
        /// Quads, padded.
        quads: usize,
    },
}

impl Packing {
    /// Returns the number of floats in the packed buffer. An overflowing product yields
    /// `usize::MAX`.
    pub fn len(&self) -> usize {
        // Saturate: a wrapped product would yield a buffer smaller than the kernels assume.
        self.rows()
            .saturating_mul(self.quads())
            .saturating_mul(QUAD)
    }

    /// Returns whether a tensor of the given shape can be packed into this layout.
    pub fn takes(&self, shape: &[usize]) -> bool {
        match (*self, shape) {
            (
                Packing::Conv {
                    kernel,
                    rows,
                    quads,
                },
                &[outputs, inputs, h, w],
            ) => (h, w) == (kernel, kernel) && inputs <= rows && outputs <= quads * QUAD,
            (Packing::Winograd { rows, quads, .. }, &[outputs, inputs, 3, 3]) => {
                inputs <= rows && outputs <= quads * QUAD
            }
            (
                Packing::Linear {
                    rows, first, count, ..
                },
                &[outputs, inputs],
            ) => inputs <= rows && first + count <= outputs,
            (Packing::Vector { first, count, .. }, &[len]) => first + count <= len,
            _ => false,
        }
    }

    /// Returns whether the packed buffer is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of rows in the packed buffer.
    pub fn rows(&self) -> usize {
        match *self {
            Packing::Conv { kernel, rows, .. } => {
                kernel.saturating_mul(kernel).saturating_mul(rows)
            }
            Packing::Linear { rows, .. } => rows,
            Packing::Winograd { tile, rows, .. } => (tile + 2).pow(2).saturating_mul(rows),
            Packing::Vector { .. } => 1,
        }
    }

    /// Returns the number of quads in a row.
    pub fn quads(&self) -> usize {
        match *self {
            Packing::Conv { quads, .. }
            | Packing::Linear { quads, .. }
            | Packing::Winograd { quads, .. }
            | Packing::Vector { quads, .. } => quads,
        }
    }

    /// Returns whether a tensor can be packed a few rows at a time.
    ///
    /// Winograd weights cannot: one transform yields values for all points, and the transform runs
    /// only once.
    pub fn by_rows(&self) -> bool {
        !matches!(self, Packing::Winograd { .. })
    }

    /// Packs the given rows of `tensor` into `out`. For `None` (a convolution without bias), `out`
    /// holds zeros.
    ///
    /// [`takes`](Self::takes) must accept the tensor's shape. `rows` must be all rows unless the
    /// layout supports packing [by rows](Self::by_rows).
    pub fn pack(&self, tensor: Option<&Tensor>, rows: Range<usize>, out: &mut Vec<f32>) {
        out.clear();
        out.resize(rows.len() * self.quads() * QUAD, 0.0);
        let Some(tensor) = tensor else { return };
        let data = tensor.data();
        let first_row = rows.start;
        match *self {
            Packing::Conv {
                kernel,
                rows,
                quads,
            } => {
                let (taps, inputs) = (kernel * kernel, tensor.shape()[1]);
                transpose(data, inputs * taps, out, quads * QUAD, |row| {
                    let (tap, input) = ((first_row + row) / rows, (first_row + row) % rows);
                    (input < inputs).then_some(input * taps + tap)
                });
            }
            Packing::Linear {
                first,
                count,
                quads,
                ..
            } => {
                let inputs = tensor.shape()[1];
                let chunk = &data[first * inputs..(first + count) * inputs];
                transpose(chunk, inputs, out, quads * QUAD, |row| {
                    let input = first_row + row;
                    (input < inputs).then_some(input)
                });
            }
            Packing::Winograd { tile, rows, quads } => {
                let (points, width) = ((tile + 2).pow(2), quads * QUAD);
                let inputs = tensor.shape()[1];
                let mut transformed = vec![0.0; BLOCK * inputs * points];
                // Transform one block of output channels at a time. Transforming all channels at
                // once would need twice as much host memory as device memory.
                for (block, filters) in data.chunks(BLOCK * inputs * 9).enumerate() {
                    filters
                        .par_chunks_exact(9)
                        .zip(transformed.par_chunks_exact_mut(points))
                        .for_each(|(filter, to)| {
                            transform_filter(tile, filter, |point, v| to[point] = v as f32);
                        });
                    let count = filters.len() / (inputs * 9);
                    let rows_of = out.par_chunks_exact_mut(width).enumerate();
                    rows_of.for_each(|(row, to)| {
                        let (point, i) = (row / rows, row % rows);
                        if i < inputs {
                            let to = &mut to[block * BLOCK..][..count];
                            for (o, to) in to.iter_mut().enumerate() {
                                *to = transformed[(o * inputs + i) * points + point];
                            }
                        }
                    });
                }
            }
            Packing::Vector { first, count, .. } => {
                out[..count].copy_from_slice(&data[first..first + count]);
            }
        }
    }
}

/// Side of the square block of `out` that is written at a time. The cache lines of a block's source
/// and destination stay in the first-level cache.
const BLOCK: usize = 16;

/// Copies columns of `data` into rows of `out`.
///
/// Row r of `out` receives column `column(r)` of `data`. Rows of `out` have `width` elements, rows
/// of `data` have `stride`. Elements of `out` stay unchanged if `column(r)` is `None`, and in
/// columns to which no row of `data` corresponds.
fn transpose(
    data: &[f32],
    stride: usize,
    out: &mut [f32],
    width: usize,
    column: impl Fn(usize) -> Option<usize> + Sync,
) {
    let blocks = out.par_chunks_mut(BLOCK * width).enumerate();
    blocks.for_each(|(block, rows)| {
        for (columns, part) in data.chunks(BLOCK * stride).enumerate() {
            for (r, row) in rows.chunks_exact_mut(width).enumerate() {
                if let Some(from) = column(block * BLOCK + r) {
                    let to = &mut row[columns * BLOCK..];
                    for (to, source) in to.iter_mut().zip(part.chunks_exact(stride)) {
                        *to = source[from];
                    }
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packs all rows, both a few at a time and at once, and checks that the results agree.
    fn packed(packing: Packing, tensor: &Tensor) -> Vec<f32> {
        let (mut all, mut piece) = (vec![], vec![]);
        for first in (0..packing.rows()).step_by(7) {
            let rows = first..packing.rows().min(first + 7);
            packing.pack(Some(tensor), rows, &mut piece);
            all.extend_from_slice(&piece);
        }
        packing.pack(Some(tensor), 0..packing.rows(), &mut piece);
        assert_eq!(all, piece);
        piece
    }

    #[test]
    fn convolution_rows_are_output_channels() {
        // [Cout 2, Cin 3, 1, 1], value = 10·o + i.
        let t = Tensor::from_fn([2, 3, 1, 1], |e| (10 * (e / 3) + e % 3) as f32);
        let packing = Packing::Conv {
            kernel: 1,
            rows: 4,
            quads: 1,
        };
        let packed = packed(packing, &t);
        assert_eq!(packed[..4], [0.0, 10.0, 0.0, 0.0]);
        assert_eq!(packed[8..12], [2.0, 12.0, 0.0, 0.0]);
        assert_eq!(packed[12..], [0.0; 4]);
    }

    /// The matrix has several blocks in each direction, and the last block is partial.
    #[test]
    fn blocks_meet() {
        let (outputs, inputs, rows, quads) = (37, 21, 24, 16);
        let t = Tensor::from_fn([outputs, inputs, 3, 3], |e| e as f32);
        let packing = Packing::Conv {
            kernel: 3,
            rows,
            quads,
        };
        let packed = packed(packing, &t);
        for (at, &found) in packed.iter().enumerate() {
            let (row, o) = (at / (quads * QUAD), at % (quads * QUAD));
            let (tap, i) = (row / rows, row % rows);
            let inside = o < outputs && i < inputs;
            let expected = if inside {
                (o * inputs + i) * 9 + tap
            } else {
                0
            };
            assert_eq!(found, expected as f32, "{tap} {i} {o}");
        }
    }

    #[test]
    fn linear_chunks_take_their_features() {
        let t = Tensor::from_fn([6, 2], |e| e as f32);
        let packing = Packing::Linear {
            rows: 4,
            first: 4,
            count: 2,
            quads: 1,
        };
        let packed = packed(packing, &t);
        assert_eq!(packed[..8], [8.0, 10.0, 0.0, 0.0, 9.0, 11.0, 0.0, 0.0]);
        assert_eq!(packed.len(), 16);
    }
}
