//! Bytes to the numbers that a network was trained on.

use super::{PreprocessError, RgbImage};

/// Channels of the padded layout: red, green, blue and one that is 0, so that
/// a shader reads a pixel as one `vec4`.
pub const PADDED_CHANNELS: usize = 4;

/// For each channel, the number that stands for each byte.
type Tables = [[f32; 256]; 3];

/// `(byte / 255 − mean) / std` for every byte: 768 results instead of one per
/// pixel, in the order of operations of `ToTensor` and `Normalize`.
fn tables(mean: &[f32; 3], std: &[f32; 3]) -> Tables {
    let mut tables = [[0.0; 256]; 3];
    for (table, (mean, std)) in tables.iter_mut().zip(mean.iter().zip(std)) {
        for (entry, byte) in table.iter_mut().zip(0u8..=255) {
            *entry = (f32::from(byte) / 255.0 - mean) / std;
        }
    }
    tables
}

/// Writes `image` as H×W×4.
pub(super) fn nhwc4(
    image: &RgbImage,
    mean: &[f32; 3],
    std: &[f32; 3],
    out: &mut [f32],
) -> Result<(), PreprocessError> {
    let (pixels, _) = image.as_raw().as_chunks::<3>();
    let expected = pixels.len() * PADDED_CHANNELS;
    if out.len() != expected {
        return Err(PreprocessError::BufferLength {
            expected,
            found: out.len(),
        });
    }
    let [red, green, blue] = tables(mean, std);
    let (out, _) = out.as_chunks_mut::<PADDED_CHANNELS>();
    for (&[r, g, b], out) in pixels.iter().zip(out) {
        let at = |table: &[f32; 256], byte: u8| table[usize::from(byte)];
        *out = [at(&red, r), at(&green, g), at(&blue, b), 0.0];
    }
    Ok(())
}

/// Returns `image` as 3×H×W.
pub(super) fn nchw(image: &RgbImage, mean: &[f32; 3], std: &[f32; 3]) -> Vec<f32> {
    let (pixels, _) = image.as_raw().as_chunks::<3>();
    let mut out = Vec::with_capacity(pixels.len() * 3);
    for (channel, table) in tables(mean, std).iter().enumerate() {
        out.extend(
            pixels
                .iter()
                .map(|pixel| table[usize::from(pixel[channel])]),
        );
    }
    out
}
