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

/// Elements that one block of gathered windows should have: about what a
/// core's second-level cache holds.
const BLOCK_ELEMENTS: usize = 1 << 17;

/// Fewest and most rows of a block, before the output runs out. Few rows
/// would pay for packing the weights at each product, many leave cores idle.
const BLOCK_ROWS: [usize; 2] = [192, 1024];

/// Fewest output channels that are worth a block of their own.
const BLOCK_CHANNELS: usize = 32;

/// A convolution (`torch.nn.Conv2d`, dilation 1) or linear layer
/// (`torch.nn.Linear`: a 1×1 convolution of one pixel), ready to run.
pub(super) struct Conv {
    /// `[Cout, K·K·Cin/groups]`: each filter in the order of [`im2col`].
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
    /// From a convolution and its tensors, `[Cout, Cin/groups, K, K]` and
    /// `[Cout]`, whose shapes have been checked.
    pub(super) fn conv2d(op: &Conv2d, weight: Arc<Tensor>, bias: Option<Arc<Tensor>>) -> Self {
        let weight = match op.window.kernel {
            // One row and one column: the orders are the same.
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

    /// From a linear layer and its tensors, `[out, in]` and `[out]`, whose
    /// shapes have been checked.
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

    /// Writes the layer's output (`shape` is its `[N, H, W, C]`) for input
    /// `x`, `[N, H, W, C]`; `residual` has the output's shape.
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

    /// Cuts the output into enough blocks to keep every core at work.
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

    /// The block's sums of products; `windows` is memory to reuse.
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

    /// Bias, residual and ReLU, in this order.
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

/// `data` as a matrix of that many columns, of which it has whole rows.
fn matrix(data: &[f32], columns: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((data.len() / columns, columns), data)
        .expect("checked shapes give whole rows")
}
