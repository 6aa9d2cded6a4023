//! Scalar loops that the tests compare the CPU reference with. The loops are PyTorch's formulas in
//! f64, one output element at a time. They share no code with the CPU reference.

use crate::graph::Window;
use crate::mix::{STEP, mix};
use crate::tensor::Tensor;

/// A small seeded generator (splitmix64) that returns equal numbers on every machine.
pub(super) struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// Returns a whole number from `low` to `high`, both included.
    pub fn within(&mut self, low: usize, high: usize) -> usize {
        low + (self.bits() % (high - low + 1) as u64) as usize
    }

    /// Returns a number from −1 to 1.
    pub fn number(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    pub fn tensor(&mut self, shape: impl Into<Vec<usize>>) -> Tensor {
        Tensor::from_fn(shape, |_| self.number())
    }
}

/// Returns an element of an NHWC tensor, or `None` if the signed coordinates lie outside the
/// tensor.
fn pixel(x: &Tensor, n: usize, y: isize, xx: isize, c: usize) -> Option<f64> {
    let s = x.shape();
    let inside = y >= 0 && xx >= 0 && (y as usize) < s[1] && (xx as usize) < s[2];
    inside.then(|| {
        let index = ((n * s[1] + y as usize) * s[2] + xx as usize) * s[3] + c;
        f64::from(x.data()[index])
    })
}

/// Builds an NHWC tensor whose element (n, y, x, c) is `f(n, y, x, c)`.
fn build(shape: [usize; 4], f: impl Fn(usize, usize, usize, usize) -> f64) -> Tensor {
    let [_, h, w, c] = shape;
    let at = |i: usize| f(i / (c * w * h), i / (c * w) % h, i / c % w, i % c) as f32;
    Tensor::from_fn(shape, at)
}

fn start(i: usize, window: Window) -> isize {
    (i * window.stride) as isize - window.padding as isize
}

pub(super) fn conv(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    window: Window,
    groups: usize,
    [h, w]: [usize; 2],
) -> Tensor {
    let (cout, depth, k) = (weight.shape()[0], weight.shape()[1], window.kernel);
    build([x.shape()[0], h, w, cout], |n, oy, ox, o| {
        let mut sum = bias.map_or(0.0, |b| f64::from(b.data()[o]));
        for i in 0..depth {
            for ky in 0..k {
                for kx in 0..k {
                    let factor = weight.data()[((o * depth + i) * k + ky) * k + kx];
                    let y = start(oy, window) + ky as isize;
                    let xx = start(ox, window) + kx as isize;
                    let channel = o / (cout / groups) * depth + i;
                    sum += f64::from(factor) * pixel(x, n, y, xx, channel).unwrap_or(0.0);
                }
            }
        }
        sum
    })
}

/// Returns the pixels of one window and one channel that lie inside the image.
fn window_of(x: &Tensor, window: Window, at: [usize; 4]) -> Vec<f64> {
    let [n, oy, ox, c] = at;
    let mut found = Vec::new();
    for ky in 0..window.kernel as isize {
        for kx in 0..window.kernel as isize {
            found.extend(pixel(
                x,
                n,
                start(oy, window) + ky,
                start(ox, window) + kx,
                c,
            ));
        }
    }
    found
}

pub(super) fn max_pool(x: &Tensor, window: Window, [h, w]: [usize; 2]) -> Tensor {
    build([x.shape()[0], h, w, x.shape()[3]], |n, y, xx, c| {
        let mut values = window_of(x, window, [n, y, xx, c]);
        values.sort_by(f64::total_cmp); // NaN sorts last, so NaN wins
        values.last().copied().unwrap_or(f64::NEG_INFINITY)
    })
}

pub(super) fn avg_pool(x: &Tensor, window: Window, [h, w]: [usize; 2]) -> Tensor {
    build([x.shape()[0], h, w, x.shape()[3]], |n, y, xx, c| {
        let values = window_of(x, window, [n, y, xx, c]);
        values.iter().sum::<f64>() / values.len() as f64
    })
}

pub(super) fn shortcut_a(x: &Tensor, stride: usize, before: usize, shape: [usize; 3]) -> Tensor {
    let [h, w, c] = shape;
    build([x.shape()[0], h, w, c], |n, y, xx, c| {
        let inside = c >= before && c < before + x.shape()[3];
        let from = |c| pixel(x, n, (y * stride) as isize, (xx * stride) as isize, c);
        inside.then(|| from(c - before)).flatten().unwrap_or(0.0)
    })
}

/// Returns the largest difference, relative to the largest expected value.
pub(super) fn error(found: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(found.shape(), expected.shape());
    let pairs = || found.data().iter().zip(expected.data());
    let largest = pairs().map(|(_, e)| e.abs()).fold(1e-6, f32::max);
    let worst = pairs().map(|(f, e)| (f - e).abs()).fold(0.0, f32::max);
    assert!(pairs().all(|(f, e)| f.is_nan() == e.is_nan()));
    f64::from(worst / largest)
}
