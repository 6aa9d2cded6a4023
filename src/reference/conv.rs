//! Convolutions and linear layers: matrix products over blocks of the output.

use std::ops::Range;
use std::sync::Arc;

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use super::im2col::{Geometry, im2col};
use super::pointwise::relu;
use crate::graph::{Conv2d, Epilogue, Linear, Window};
use crate::tensor::Tensor;

/// Target number of elements in one block of gathered windows, about the capacity of a core's
/// second-level cache.
const BLOCK_ELEMENTS: usize = 1 << 17;

/// Smallest and largest number of rows in a block; the output may have fewer. With few rows, each
/// product repeats the cost of packing the weights. With many rows, cores stay idle.
const BLOCK_ROWS: [usize; 2] = [192, 1024];

/// Smallest number of output channels that is worth a separate block.
const BLOCK_CHANNELS: usize = 32;

/// A convolution (`torch.nn.Conv2d`, dilation 1) or a linear layer, ready to run. A linear layer
/// (`torch.nn.Linear`) is a 1×1 convolution of one pixel.
pub(super) struct Conv {
    /// `[Cout, K·K·Cin/groups]`; each filter is in the order of [`im2col`].
    weight: Arc<Tensor>,
    /// `[Cout]`.
    bias: Option<Arc<Tensor>>,
    window: Window,
    groups: usize,
    out_channels: usize,
    epilogue: Epilogue,
}

/// A part of the output that one thread computes.
struct Block<'a> {
    /// First output pixel, numbered through the batch.
    pixel: usize,
    /// Output channels, all of one group.
    channels: Range<usize>,
    /// `[pixels, channels]` of the output.
    out: ArrayViewMut2<'a, f32>,
}

impl Conv {
    /// Creates the layer from a convolution and its tensors, `[Cout, Cin/groups, K, K]` and
    /// `[Cout]`. The caller has checked their shapes.
    pub(super) fn conv2d(op: &Conv2d, weight: Arc<Tensor>, bias: Option<Arc<Tensor>>) -> Self {
        let weight = match op.window.kernel {
            // With one row and one column, both orders are equal.
            1 => weight,
            _ => Arc::new(weight.nchw_to_nhwc()),
        };
        Self {
            weight,
            bias,
            window: op.window,
            groups: op.groups,
            out_channels: op.out_channels,
            epilogue: op.epilogue,
        }
    }

    /// Creates the layer from a linear layer and its tensors, `[out, in]` and `[out]`. The caller
    /// has checked their shapes.
    pub(super) fn linear(op: &Linear, weight: Arc<Tensor>, bias: Option<Arc<Tensor>>) -> Self {
        Self {
            weight,
            bias,
            window: Window::new(1, 1, 0),
            groups: 1,
            out_channels: op.out_features,
            epilogue: op.epilogue,
        }
    }

    /// Computes the layer's output for input `x`, `[N, H, W, C]`. `shape` is the `[N, H, W, C]` of
    /// the output, and `residual` has that shape.
    pub(super) fn run(&self, x: &Tensor, residual: Option<&Tensor>, shape: [usize; 4]) -> Tensor {
        let at = Geometry {
            input: [x.shape()[1], x.shape()[2]],
            channels: x.shape()[3],
            output: [shape[1], shape[2]],
            window: self.window,
        };
        let pixels = shape[0] * shape[1] * shape[2];
        let mut out = Tensor::zeros(shape);
        let view = ArrayViewMut2::from_shape((pixels, self.out_channels), out.data_mut())
            .expect("an output has its shape's elements");
        let residual = residual.map(|t| matrix(t.data(), self.out_channels));
        self.blocks(view, at.channels)
            .into_par_iter()
            .for_each_init(Vec::new, |windows, mut block| {
                self.multiply(x.data(), &at, windows, &mut block);
                self.finish(residual, &mut block);
            });
        out
    }

    /// Cuts the output into enough blocks to keep every core busy.
    fn blocks<'a>(&self, out: ArrayViewMut2<'a, f32>, in_channels: usize) -> Vec<Block<'a>> {
        let taps = self.window.kernel * self.window.kernel * in_channels / self.groups;
        let pixels = out.nrows();
        let [fewest, most] = BLOCK_ROWS;
        let parts = pixels.div_ceil((BLOCK_ELEMENTS / taps).clamp(fewest, most));
        let rows = pixels.div_ceil(parts);

        let depth = self.out_channels / self.groups;
        let wanted = (2 * rayon::current_num_threads()).div_ceil(parts * self.groups);
        let width = depth.div_ceil(wanted.min(depth.div_ceil(BLOCK_CHANNELS)));
        let mut blocks = Vec::new();
        let mut rest = out;
        for pixel in (0..pixels).step_by(rows) {
            let (mut band, below) = rest.split_at(Axis(0), rows.min(pixels - pixel));
            rest = below;
            for group in 0..self.groups {
                for start in (0..depth).step_by(width) {
                    let width = width.min(depth - start);
                    let (out, right) = band.split_at(Axis(1), width);
                    band = right;
                    let first = group * depth + start;
                    let channels = first..first + width;
                    blocks.push(Block {
                        pixel,
                        channels,
                        out,
                    });
                }
            }
        }
        blocks
    }

    /// Writes the block's sums of products; `windows` is a buffer that is reused.
    fn multiply(&self, x: &[f32], at: &Geometry, windows: &mut Vec<f32>, block: &mut Block) {
        let depth = at.channels / self.groups;
        let group = block.channels.start / (self.out_channels / self.groups);
        let group = group * depth..(group + 1) * depth;
        let pixels = block.pixel..block.pixel + block.out.nrows();
        let taps = self.window.kernel * self.window.kernel * depth;
        let filters = matrix(self.weight.data(), taps);
        let filters = filters.slice(s![block.channels.clone(), ..]);
        let rows = if self.window == Window::new(1, 1, 0) {
            // The input itself is the matrix of windows.
            let all = matrix(x, at.channels);
            all.slice_move(s![pixels, group])
        } else {
            windows.resize(pixels.len() * taps, 0.0);
            im2col(x, at, pixels, group, windows);
            matrix(windows, taps)
        };
        general_mat_mul(1.0, &rows, &filters.t(), 0.0, &mut block.out);
    }

    /// Applies bias, residual and ReLU, in this order.
    fn finish(&self, residual: Option<ArrayView2<f32>>, block: &mut Block) {
        if let Some(bias) = &self.bias {
            let bias = &bias.data()[block.channels.clone()];
            for mut row in block.out.rows_mut() {
                row.iter_mut().zip(bias).for_each(|(y, b)| *y += b);
            }
        }
        if let Some(residual) = residual {
            let pixels = block.pixel..block.pixel + block.out.nrows();
            block.out += &residual.slice(s![pixels, block.channels.clone()]);
        }
        if self.epilogue.relu {
            block.out.mapv_inplace(relu);
        }
    }
}

/// Views `data`, which consists of whole rows, as a matrix of `columns` columns.
fn matrix(data: &[f32], columns: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((data.len() / columns, columns), data)
        .expect("checked shapes give whole rows")
}
