//! Channel quads: four channels that a GPU stores and moves together, as a `vec4`.
//!
//! Channels on a GPU are padded to a multiple of four. This module converts between padded and
//! unpadded channels.

use super::Tensor;

/// Channels in a quad.
pub const QUAD: usize = 4;

/// Returns the number of quads that hold `channels` channels.
pub const fn quads(channels: usize) -> usize {
    channels.div_ceil(QUAD)
}

/// Copies pixels of `channels` channels into pixels padded to quads. Does not write the padding,
/// which is zero in a fresh buffer.
pub fn pad_channels(data: &[f32], channels: usize, padded: &mut [f32]) {
    let width = quads(channels) * QUAD;
    let pixels = data.chunks_exact(channels.max(1));
    for (from, to) in pixels.zip(padded.chunks_exact_mut(width.max(1))) {
        to[..channels].copy_from_slice(from);
    }
}

/// Returns a tensor's values with the channels, its last dimension, padded to quads with zeros.
pub fn padded(value: &Tensor) -> Vec<f32> {
    let channels = value.shape().last().copied().unwrap_or(1);
    let pixels = value.data().len() / channels.max(1);
    let mut padded = vec![0.0; pixels * quads(channels) * QUAD];
    pad_channels(value.data(), channels, &mut padded);
    padded
}

/// Returns the pixels without their padding.
pub fn unpad_channels(padded: &[f32], channels: usize) -> Vec<f32> {
    let mut out = Vec::new();
    unpad_into(padded, channels, &mut out);
    out
}

/// Appends the pixels without their padding to `out`.
pub fn unpad_into(padded: &[f32], channels: usize, out: &mut Vec<f32>) {
    let width = quads(channels) * QUAD;
    if width == channels {
        return out.extend_from_slice(padded);
    }
    let pixels = padded.chunks_exact(width.max(1));
    out.reserve(pixels.len() * channels);
    for pixel in pixels {
        out.extend_from_slice(&pixel[..channels]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_round_trips() {
        let data: Vec<f32> = (0..15).map(|i| i as f32).collect();
        let mut padded = vec![0.0; 24];
        pad_channels(&data, 5, &mut padded);
        assert_eq!(padded[4..9], [4.0, 0.0, 0.0, 0.0, 5.0]);
        assert_eq!(unpad_channels(&padded, 5), data);
    }
}
