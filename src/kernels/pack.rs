//! How weights lie in GPU buffers: rows of output channels, so that one vec4
//! is four neighbouring output channels of one input channel and tap.

use super::winograd::transform_filter;
use crate::tensor::{QUAD, Tensor};

/// A layout that a weight tensor is packed into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Packing {
    /// Convolution `[Cout, Cin/groups, K, K]` to
    /// `[K·K][rows][quads·4]`: `rows` input channels of a group, padded with
    /// zeros.
    Conv {
        /// Kernel extent.
        kernel: usize,
        /// Input channels of a tap, padded.
        rows: usize,
        /// Quads of output channels, padded.
        quads: usize,
    },
    /// Linear `[out, in]` to `[rows][quads·4]`: the chunk of output features
    /// from `first` on.
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
    /// Convolution `[Cout, Cin, 3, 3]`, transformed for Winograd's output
    /// tiles of `tile`², to `[(tile+2)²][rows][quads·4]`.
    Winograd {
        /// Side of an output tile.
        tile: usize,
        /// Input channels, padded.
        rows: usize,
        /// Quads of output channels, padded.
        quads: usize,
    },
    /// A vector, or `count` elements of one from `first` on, padded with
    /// zeros.
    Vector {
        /// First element.
        first: usize,
        /// Elements.
        count: usize,
        /// Quads, padded.
        quads: usize,
    },
}

impl Packing {
    /// Floats in the packed buffer.
    pub fn len(&self) -> usize {
        match *self {
            Packing::Conv {
                kernel,
                rows,
                quads,
            } => kernel * kernel * rows * quads * QUAD,
            Packing::Linear { rows, quads, .. } => rows * quads * QUAD,
            Packing::Winograd { tile, rows, quads } => (tile + 2).pow(2) * rows * quads * QUAD,
            Packing::Vector { quads, .. } => quads * QUAD,
        }
    }

    /// Whether the packed buffer is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Packs `tensor`, whose shape the graph has checked; `None` is all zeros
    /// (a convolution without bias).
    pub fn pack(&self, tensor: Option<&Tensor>) -> Vec<f32> {
        let mut out = vec![0.0; self.len()];
        let Some(tensor) = tensor else { return out };
        let data = tensor.data();
        match *self {
            Packing::Conv {
                kernel,
                rows,
                quads,
            } => {
                let (taps, width) = (kernel * kernel, quads * QUAD);
                let inputs = tensor.shape()[1];
                for (o, filter) in data.chunks_exact(inputs * taps).enumerate() {
                    for (i, window) in filter.chunks_exact(taps).enumerate() {
                        for (t, &value) in window.iter().enumerate() {
                            out[(t * rows + i) * width + o] = value;
                        }
                    }
                }
            }
            Packing::Linear {
                first,
                count,
                quads,
                ..
            } => {
                let inputs = tensor.shape()[1];
                let chunk = data.chunks_exact(inputs).skip(first).take(count);
                for (o, row) in chunk.enumerate() {
                    for (i, &value) in row.iter().enumerate() {
                        out[i * quads * QUAD + o] = value;
                    }
                }
            }
            Packing::Winograd { tile, rows, quads } => {
                let width = quads * QUAD;
                let inputs = tensor.shape()[1];
                for (o, filters) in data.chunks_exact(inputs * 9).enumerate() {
                    for (i, filter) in filters.chunks_exact(9).enumerate() {
                        transform_filter(tile, filter, |point, value| {
                            out[(point * rows + i) * width + o] = value as f32;
                        });
                    }
                }
            }
            Packing::Vector { first, count, .. } => {
                out[..count].copy_from_slice(&data[first..first + count]);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn convolution_rows_are_output_channels() {
        // [Cout 2, Cin 3, 1, 1], value = 10·o + i.
        let t = Tensor::from_fn([2, 3, 1, 1], |e| (10 * (e / 3) + e % 3) as f32);
        let packed = Packing::Conv {
            kernel: 1,
            rows: 4,
            quads: 1,
        }
        .pack(Some(&t));
        assert_eq!(packed[..4], [0.0, 10.0, 0.0, 0.0]);
        assert_eq!(packed[8..12], [2.0, 12.0, 0.0, 0.0]);
        assert_eq!(packed[12..], [0.0; 4]);
    }

    #[test]
    fn linear_chunks_take_their_features() {
        let t = Tensor::from_fn([6, 2], |e| e as f32);
        let packed = Packing::Linear {
            rows: 4,
            first: 4,
            count: 2,
            quads: 1,
        }
        .pack(Some(&t));
        assert_eq!(packed[..8], [8.0, 10.0, 0.0, 0.0, 9.0, 11.0, 0.0, 0.0]);
        assert_eq!(packed.len(), 16);
    }
}
