//! Pooling: maximum and mean over windows, and mean over all pixels.

use std::ops::Range;

use rayon::prelude::*;

use crate::graph::Window;
use crate::tensor::Tensor;

/// Computes `torch.nn.MaxPool2d`. Padding counts as −∞, and NaN wins over any number.
pub(super) fn max_pool(x: &Tensor, window: Window, shape: [usize; 4]) -> Tensor {
    over_windows(x, window, shape, |out, pixels| {
        out.fill(f32::NEG_INFINITY);
        for pixel in pixels {
            for (y, &x) in out.iter_mut().zip(pixel) {
                if x > *y || x.is_nan() {
                    *y = x;
                }
            }
        }
    })
}

/// Computes `torch.nn.AvgPool2d(ceil_mode=True, count_include_pad=False)`: the mean of the window's
/// pixels inside the image. The result is 0 if a window holds no such pixel.
pub(super) fn avg_pool(x: &Tensor, window: Window, shape: [usize; 4]) -> Tensor {
    over_windows(x, window, shape, |out, pixels| {
        let mut count = 0;
        for pixel in pixels {
            out.iter_mut().zip(pixel).for_each(|(y, x)| *y += x);
            count += 1;
        }
        let count = count.max(1) as f32;
        out.iter_mut().for_each(|y| *y /= count);
    })
}

/// Computes `torch.nn.AdaptiveAvgPool2d(1)`: the mean of each channel over all pixels. The sums are
/// in f64 because the number of pixels may be large.
pub(super) fn global_avg_pool(x: &Tensor, shape: [usize; 4]) -> Tensor {
    let (pixels, c) = (x.shape()[1] * x.shape()[2], x.shape()[3]);
    let mut out = Tensor::zeros(shape);
    let images = x.data().par_chunks(pixels * c);
    let outs = out.data_mut().par_chunks_mut(c);
    outs.zip(images).for_each(|(out, image)| {
        let mut sums = vec![0.0f64; c];
        for pixel in image.chunks_exact(c) {
            sums.iter_mut()
                .zip(pixel)
                .for_each(|(sum, &x)| *sum += f64::from(x));
        }
        let mean = |sum: f64| (sum / pixels as f64) as f32;
        out.iter_mut().zip(sums).for_each(|(y, sum)| *y = mean(sum));
    });
    out
}

/// Calls `reduce` for each output pixel. `reduce` receives the output pixel, filled with zeros, and
/// the input pixels of its window that lie inside the image. Each pixel is a slice of channels.
fn over_windows(
    x: &Tensor,
    window: Window,
    shape: [usize; 4],
    reduce: impl Fn(&mut [f32], &mut dyn Iterator<Item = &[f32]>) + Sync,
) -> Tensor {
    let [_, oh, ow, c] = shape;
    let (h, w) = (x.shape()[1], x.shape()[2]);
    let mut out = Tensor::zeros(shape);
    let lines = out.data_mut().par_chunks_mut(ow * c).enumerate();
    lines.for_each(|(i, line)| {
        let (image, oy) = (i / oh, i % oh);
        let rows = inside(&window, oy, h);
        for (ox, pixel) in line.chunks_exact_mut(c).enumerate() {
            let columns = inside(&window, ox, w);
            let mut pixels = rows.clone().flat_map(|y| {
                let line = (image * h + y) * w;
                let from = (line + columns.start) * c..(line + columns.end) * c;
                x.data()[from].chunks_exact(c)
            });
            reduce(pixel, &mut pixels);
        }
    });
    out
}

/// Returns the part of the `i`-th window that lies inside an axis of `extent` pixels. The range is
/// empty if no part does.
fn inside(window: &Window, i: usize, extent: usize) -> Range<usize> {
    let start = i * window.stride;
    let end = (start + window.kernel)
        .saturating_sub(window.padding)
        .min(extent);
    start.saturating_sub(window.padding).min(end)..end
}
