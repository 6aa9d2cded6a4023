//! Operations without weights that work on one pixel at a time, and rearrangements.

use rayon::prelude::*;

use crate::tensor::Tensor;

/// Elements that one thread processes at a time.
const CHUNK: usize = 1 << 14;

/// Returns `max(x, 0)` as `torch.relu` does: NaN stays NaN, whereas `f32::max` would return 0.
pub(super) fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

/// Applies [`relu`] to every element.
pub(super) fn relu_all(x: &Tensor) -> Tensor {
    let mut out = Tensor::zeros(x.shape());
    let chunks = out.data_mut().par_chunks_mut(CHUNK);
    chunks.zip(x.data().par_chunks(CHUNK)).for_each(|(out, x)| {
        out.iter_mut().zip(x).for_each(|(y, &x)| *y = relu(x));
    });
    out
}

/// Returns the sum of two tensors of equal shape.
pub(super) fn add(a: &Tensor, b: &Tensor) -> Tensor {
    let mut out = Tensor::zeros(a.shape());
    let summands = a.data().par_chunks(CHUNK).zip(b.data().par_chunks(CHUNK));
    let chunks = out.data_mut().par_chunks_mut(CHUNK);
    chunks.zip(summands).for_each(|(out, (a, b))| {
        let summands = a.iter().zip(b);
        out.iter_mut()
            .zip(summands)
            .for_each(|(y, (a, b))| *y = a + b);
    });
    out
}

/// Computes `torch.softmax` over the channels of each pixel. The largest value is subtracted first,
/// so that no exponential overflows.
pub(super) fn softmax(x: &Tensor) -> Tensor {
    let mut out = x.clone();
    for pixel in out.data_mut().chunks_exact_mut(x.shape()[3]) {
        let largest = pixel.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        pixel.iter_mut().for_each(|y| *y = (*y - largest).exp());
        let sum: f64 = pixel.iter().map(|&y| f64::from(y)).sum();
        pixel
            .iter_mut()
            .for_each(|y| *y = (f64::from(*y) / sum) as f32);
    }
    out
}

/// Computes `torch.flatten(x, 1)`: `[N, H, W, C]` to `[N, 1, 1, C·H·W]`, in PyTorch's order.
pub(super) fn flatten(x: &Tensor, shape: [usize; 4]) -> Tensor {
    reshaped(x.nhwc_to_nchw(), shape)
}

/// Computes option A's shortcut (He 2015, section 3.3): every `stride`-th pixel, with `before` zero
/// channels in front. Zero channels at the end fill up the channels of `shape`.
pub(super) fn shortcut_a(x: &Tensor, stride: usize, before: usize, shape: [usize; 4]) -> Tensor {
    let [_, oh, ow, oc] = shape;
    let (h, w, c) = (x.shape()[1], x.shape()[2], x.shape()[3]);
    let mut out = Tensor::zeros(shape);
    let lines = out.data_mut().par_chunks_mut(ow * oc).enumerate();
    lines.for_each(|(i, line)| {
        let y = i / oh * h + i % oh * stride;
        for (ox, pixel) in line.chunks_exact_mut(oc).enumerate() {
            let from = (y * w + ox * stride) * c;
            pixel[before..before + c].copy_from_slice(&x.data()[from..from + c]);
        }
    });
    out
}

/// Returns the elements of `x` under another shape with as many elements.
fn reshaped(x: Tensor, shape: [usize; 4]) -> Tensor {
    let mut out = Tensor::zeros(shape);
    out.data_mut().copy_from_slice(x.data());
    out
}
