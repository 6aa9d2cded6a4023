//! Conversion of bytes to the normalised values that a network was trained on.

use super::{PreprocessError, RgbImage};

/// Channels of the padded layout: red, green, blue and a zero. With four channels, a shader reads a
/// pixel as one `vec4`.
pub const PADDED_CHANNELS: usize = 4;

/// For each byte, its normalised value in each of the three channels, and a zero.
type Levels = [[f32; PADDED_CHANNELS]; 256];

/// Returns `(byte / 255 − mean) / std` for every byte and channel. The table has 768 results, so
/// that the formula is not evaluated for each pixel. The order of operations is that of `ToTensor`
/// and `Normalize`.
pub(crate) fn levels(mean: &[f32; 3], std: &[f32; 3]) -> Levels {
    let mut levels = [[0.0; PADDED_CHANNELS]; 256];
    for (level, byte) in levels.iter_mut().zip(0u8..=255) {
        for (entry, (mean, std)) in level.iter_mut().zip(mean.iter().zip(std)) {
            *entry = (f32::from(byte) / 255.0 - mean) / std;
        }
    }
    levels
}

/// Writes the normalised values of `image` as H×W×4.
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
    let levels = levels(mean, std);
    let (out, _) = out.as_chunks_mut::<PADDED_CHANNELS>();
    for (&[r, g, b], out) in pixels.iter().zip(out) {
        let at = |byte: u8, channel: usize| levels[usize::from(byte)][channel];
        *out = [at(r, 0), at(g, 1), at(b, 2), 0.0];
    }
    Ok(())
}

/// Appends the normalised value of each byte of packed red, green and blue.
pub(crate) fn rgb8(bytes: &[u8], mean: &[f32; 3], std: &[f32; 3], out: &mut Vec<f32>) {
    let levels = levels(mean, std);
    let (pixels, _) = bytes.as_chunks::<3>();
    for &pixel in pixels {
        out.extend((0..3).map(|c| levels[usize::from(pixel[c])][c]));
    }
}

/// Returns the normalised values of `image` as 3×H×W.
pub(super) fn nchw(image: &RgbImage, mean: &[f32; 3], std: &[f32; 3]) -> Vec<f32> {
    let (pixels, _) = image.as_raw().as_chunks::<3>();
    let mut out = Vec::with_capacity(pixels.len() * 3);
    let levels = levels(mean, std);
    for channel in 0..3 {
        let values = pixels.iter().map(|pixel| pixel[channel]);
        out.extend(values.map(|byte| levels[usize::from(byte)][channel]));
    }
    out
}
