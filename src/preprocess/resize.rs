//! Pillow's two-pass resize of 8-bit RGB, restricted to a crop.
//!
//! Pillow rounds to bytes between the horizontal and the vertical pass, and so
//! does this. Only the columns and rows that the crop keeps are computed.

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

    let (first_row, end_row) = down.input_range();
    let row_len = columns.len as usize * CHANNELS;
    let stride = width as usize * CHANNELS;
    let source = &image.as_raw()[first_row * stride..end_row * stride];

    let mut narrow = vec![0; (end_row - first_row) * row_len];
    for (row, out) in source
        .chunks_exact(stride)
        .zip(narrow.chunks_exact_mut(row_len))
    {
        shrink_row(row, &across, out);
    }

    let mut crop = RgbImage::new(columns.crop, rows.crop);
    let crop_stride = columns.crop as usize * CHANNELS;
    let left = columns.before as usize * CHANNELS;
    let inside = crop
        .chunks_exact_mut(crop_stride)
        .skip(rows.before as usize)
        .map(|row| &mut row[left..left + row_len]);
    let mut sums = vec![0; row_len];
    for ((first, weights), out) in down.iter().zip(inside) {
        let start = (first - first_row) * row_len;
        mix_rows(&narrow[start..], weights, &mut sums, out);
    }
    crop
}

/// Horizontal pass over one row. With as many output as input pixels each has
/// one weight of exactly 1, so the pass that Pillow skips changes nothing.
fn shrink_row(row: &[u8], taps: &Taps, out: &mut [u8]) {
    let (pixels, _) = row.as_chunks::<CHANNELS>();
    let (out, _) = out.as_chunks_mut::<CHANNELS>();
    for ((first, weights), out) in taps.iter().zip(out) {
        let mut sums = [HALF; CHANNELS];
        for (pixel, &weight) in pixels[first..].iter().zip(weights) {
            for (sum, &value) in sums.iter_mut().zip(pixel) {
                *sum += i32::from(value) * weight;
            }
        }
        *out = sums.map(to_byte);
    }
}

/// Vertical pass: mixes as many rows from `rows` as there are weights.
fn mix_rows(rows: &[u8], weights: &[i32], sums: &mut [i32], out: &mut [u8]) {
    sums.fill(HALF);
    for (row, &weight) in rows.chunks_exact(out.len()).zip(weights) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += i32::from(value) * weight;
        }
    }
    for (byte, &sum) in out.iter_mut().zip(sums.iter()) {
        *byte = to_byte(sum);
    }
}
