//! Pillow's two-pass resize of 8-bit RGB, restricted to a crop.
//!
//! Pillow rounds to bytes between its two passes, so their order shows in the
//! result and is kept. Only the columns and rows that the crop keeps are
//! computed.

use super::RgbImage;
use super::geometry::Placement;
use super::interpolation::Interpolation;
use super::taps::{HALF, Taps, to_byte};

const CHANNELS: usize = 3;

/// Resizes `image` to `resized` (width, height) and returns the crop that
/// `columns` and `rows` describe: `ImagingResample` of Pillow's `Resample.c`
/// followed by torchvision's `center_crop`.
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

    // The part of the image that the crop is made from.
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

/// Whether the vertical pass runs first. Pillow 13 does so when the height
/// shrinks by over twice as many pixels as the width: pictures more than twice
/// as tall as wide. Pillow before 13 never did; there such a picture's bytes
/// differ by the rounding between the passes.
pub(super) fn vertical_first((width, height): (u32, u32), resized: (u64, u64)) -> bool {
    let shrinks_by = |from: u32, to: u64| i128::from(from) - i128::from(to);
    let (across, down) = (shrinks_by(width, resized.0), shrinks_by(height, resized.1));
    down > 0 && down > 2 * across
}

/// Horizontal pass over one row, which starts at the image's column `left`.
/// With as many output as input pixels each has one weight of exactly 1, so
/// the pass that Pillow skips then changes nothing.
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

/// Vertical pass for one row: mixes as many of `rows` as there are weights.
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
