//! Pillow's two-pass resize of 8-bit RGB, restricted to a crop.
//!
//! Pillow rounds to bytes between the two passes, so the order of the passes affects the result.
//! This module keeps Pillow's order. Only the columns and rows inside the crop are computed.

use super::RgbImage;
use super::geometry::Placement;
use super::interpolation::Interpolation;
use super::taps::{HALF, Taps, to_byte};

const CHANNELS: usize = 3;

/// Resizes `image` to `resized` (width, height) and returns the crop that `columns` and `rows`
/// describe. The function is `ImagingResample` of Pillow's `Resample.c`, followed by torchvision's
/// `center_crop`.
pub(super) fn resize_and_crop(
    image: &RgbImage,
    resized: (u64, u64),
    columns: Placement,
    rows: Placement,
    filter: Interpolation,
) -> RgbImage {
    let (width, height) = image.dimensions();
    let across = Taps::new(width, resized.0, (columns.start, columns.len), filter);
    let down = Taps::new(height, resized.1, (rows.start, rows.len), filter);

    // The part of the image that contributes to the crop.
    let (left, right) = across.input_range();
    let (top, bottom) = down.input_range();
    let source = image
        .as_raw()
        .chunks_exact(width as usize * CHANNELS)
        .take(bottom)
        .skip(top)
        .map(|row| &row[left * CHANNELS..right * CHANNELS]);

    let mut crop = RgbImage::new(columns.crop, rows.crop);
    let row_len = columns.len as usize * CHANNELS;
    let before = columns.before as usize * CHANNELS;
    let inside = crop
        .chunks_exact_mut(columns.crop as usize * CHANNELS)
        .skip(rows.before as usize)
        .map(|row| &mut row[before..before + row_len]);

    if vertical_first((width, height), resized) {
        let source: Vec<&[u8]> = source.collect();
        let mut mixed = vec![0; (right - left) * CHANNELS];
        let mut sums = vec![0; mixed.len()];
        for ((first, weights), out) in down.iter().zip(inside) {
            mix_rows(&source[first - top..], weights, &mut sums, &mut mixed);
            shrink_row(&mixed, &across, left, out);
        }
    } else {
        let mut narrow = vec![0; (bottom - top) * row_len];
        for (row, out) in source.zip(narrow.chunks_exact_mut(row_len)) {
            shrink_row(row, &across, left, out);
        }
        let narrow: Vec<&[u8]> = narrow.chunks_exact(row_len).collect();
        let mut sums = vec![0; row_len];
        for ((first, weights), out) in down.iter().zip(inside) {
            mix_rows(&narrow[first - top..], weights, &mut sums, out);
        }
    }
    crop
}

/// Returns whether the vertical pass runs first. Pillow 13 runs the vertical pass first if the
/// height shrinks by more than twice as many pixels as the width. Such pictures are more than twice
/// as tall as wide. Pillow versions before 13 never do so. For such a picture, their bytes differ
/// by the rounding between the passes.
pub(super) fn vertical_first((width, height): (u32, u32), resized: (u64, u64)) -> bool {
    let shrinks_by = |from: u32, to: u64| i128::from(from) - i128::from(to);
    let (across, down) = (shrinks_by(width, resized.0), shrinks_by(height, resized.1));
    down > 0 && down > 2 * across
}

/// Runs the horizontal pass over one row, which starts at the image's column `left`. If the number
/// of output pixels equals the number of input pixels, each output pixel has one weight of exactly
/// 1. Pillow skips the pass in that case; here the pass changes nothing.
fn shrink_row(row: &[u8], taps: &Taps, left: usize, out: &mut [u8]) {
    let (pixels, _) = row.as_chunks::<CHANNELS>();
    let (out, _) = out.as_chunks_mut::<CHANNELS>();
    for ((first, weights), out) in taps.iter().zip(out) {
        let mut sums = [HALF; CHANNELS];
        for (pixel, &weight) in pixels[first - left..].iter().zip(weights) {
            for (sum, &value) in sums.iter_mut().zip(pixel) {
                *sum += i32::from(value) * weight;
            }
        }
        *out = sums.map(to_byte);
    }
}

/// Runs the vertical pass for one output row: mixes one row of `rows` for each weight.
fn mix_rows(rows: &[&[u8]], weights: &[i32], sums: &mut [i32], out: &mut [u8]) {
    sums.fill(HALF);
    for (row, &weight) in rows.iter().zip(weights) {
        for (sum, &value) in sums.iter_mut().zip(*row) {
            *sum += i32::from(value) * weight;
        }
    }
    for (byte, &sum) in out.iter_mut().zip(sums.iter()) {
        *byte = to_byte(sum);
    }
}
