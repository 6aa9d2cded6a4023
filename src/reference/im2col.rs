//! Gathers convolution windows into the rows of a matrix.

use std::ops::Range;

use crate::graph::Window;

/// Extents of a convolution's input and output, in pixels, and its window.
#[derive(Clone, Copy)]
pub(super) struct Geometry {
    /// Input rows and columns.
    pub input: [usize; 2],
    /// Input channels, of all groups.
    pub channels: usize,
    /// Output rows and columns.
    pub output: [usize; 2],
    /// Kernel, stride and zero padding.
    pub window: Window,
}

/// Writes one row for each output pixel in `pixels`; pixels are numbered through the batch, row by
/// row. A row holds the pixel's window of the NHWC input `x`, restricted to the channels `group`,
/// in the order (ky, kx, channel). Elements in the padding are zero.
///
/// `rows` must hold `pixels.len() · kernel² · group.len()` elements.
pub(super) fn im2col(
    x: &[f32],
    at: &Geometry,
    pixels: Range<usize>,
    group: Range<usize>,
    rows: &mut [f32],
) {
    let Window {
        kernel: k,
        stride,
        padding,
    } = at.window;
    let [h, w] = at.input;
    let [oh, ow] = at.output;
    let depth = group.len();
    let whole_pixels = depth == at.channels;
    for (pixel, row) in pixels.zip(rows.chunks_exact_mut(k * k * depth)) {
        let (image, oy, ox) = (pixel / (oh * ow), pixel / ow % oh, pixel % ow);
        for (ky, line) in row.chunks_exact_mut(k * depth).enumerate() {
            // Coordinates count from the corner of the padding.
            let py = oy * stride + ky;
            if py < padding || py - padding >= h {
                line.fill(0.0);
                continue;
            }
            let y = image * h + py - padding;
            let left = ox * stride;
            if whole_pixels && left >= padding && left - padding + k <= w {
                // Neighbouring pixels are neighbours in memory, so one copy suffices.
                let from = (y * w + left - padding) * depth;
                line.copy_from_slice(&x[from..from + k * depth]);
                continue;
            }
            for (kx, cell) in line.chunks_exact_mut(depth).enumerate() {
                let px = left + kx;
                if px < padding || px - padding >= w {
                    cell.fill(0.0);
                } else {
                    let from = (y * w + px - padding) * at.channels + group.start;
                    cell.copy_from_slice(&x[from..from + depth]);
                }
            }
        }
    }
}
