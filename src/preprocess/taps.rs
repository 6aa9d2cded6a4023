//! The input pixels that make each output pixel, and their weights.

use super::interpolation::Interpolation;

/// Fraction bits of a weight: Pillow's `PRECISION_BITS` for 8-bit pixels.
const PRECISION_BITS: u32 = 32 - 8 - 2;

/// Initial value of a sum of weighted pixels, so that the sum rounds to nearest.
pub(super) const HALF: i32 = 1 << (PRECISION_BITS - 1);

/// Converts a sum of weighted pixels to a byte.
pub(super) fn to_byte(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

/// The weights along one axis, for a range of consecutive output pixels.
pub(super) struct Taps {
    /// First input pixel and number of weights, for each output pixel.
    spans: Vec<(usize, usize)>,
    /// The weights of all output pixels, one row of `stride` weights for each pixel.
    weights: Vec<i32>,
    stride: usize,
}

impl Taps {
    /// Computes the weights that resize `input` pixels to `output`, for the output pixels
    /// `start..start + len`. The function follows `precompute_coeffs` and `normalize_coeffs_8bpc`
    /// of Pillow's `Resample.c`, in the same order of floating-point operations.
    pub(super) fn new(
        input: u32,
        output: u64,
        (start, len): (u64, u32),
        filter: Interpolation,
    ) -> Self {
        let input_end = i64::from(input);
        let scale = f64::from(input) / output as f64;
        // When an image shrinks, the wider filter prevents aliasing.
        let filter_scale = scale.max(1.0);
        let support = filter.support() * filter_scale;
        let stride = support.ceil() as usize * 2 + 1;

        let mut spans = Vec::with_capacity(len as usize);
        let mut weights = vec![0; stride * len as usize];
        let mut exact = Vec::with_capacity(stride);
        for (slot, position) in weights.chunks_exact_mut(stride).zip(start..) {
            let center = (position as f64 + 0.5) * scale;
            let first = ((center - support + 0.5) as i64).max(0);
            let end = ((center + support + 0.5) as i64).min(input_end);
            exact.clear();
            exact.extend(
                (first..end)
                    .map(|x| filter.weight((x as f64 - center + 0.5) * (1.0 / filter_scale))),
            );
            let total: f64 = exact.iter().sum();
            for (weight, exact) in slot.iter_mut().zip(&exact) {
                let exact = if total != 0.0 { exact / total } else { *exact };
                *weight = fixed_point(exact);
            }
            spans.push((first as usize, exact.len()));
        }
        Self {
            spans,
            weights,
            stride,
        }
    }

    /// Returns, for each output pixel, its first input pixel and the weights from that pixel on.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[i32])> {
        self.spans
            .iter()
            .zip(self.weights.chunks_exact(self.stride))
            .map(|(&(first, len), weights)| (first, &weights[..len]))
    }

    /// Returns the range of input pixels that the output pixels read, as (first, end).
    pub(super) fn input_range(&self) -> (usize, usize) {
        let first = self.spans.first().map_or(0, |span| span.0);
        let end = self.spans.last().map_or(0, |span| span.0 + span.1);
        (first, end)
    }
}

/// Converts a weight to fixed point, rounded half away from zero as in Pillow.
fn fixed_point(weight: f64) -> i32 {
    let scaled = weight * f64::from(1 << PRECISION_BITS);
    (scaled + if weight < 0.0 { -0.5 } else { 0.5 }) as i32
}
