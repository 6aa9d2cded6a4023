//! What activations and weights lie in.

use crate::tensor::QUAD;

/// Texels in a row of a texture that holds a value: a quad each.
pub const TEXTURE_ROW: u32 = 2048;

/// What activations and weights lie in; a device has one kind, and every
/// kernel is rendered for either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Storage {
    /// Storage buffers.
    #[default]
    Buffers,
    /// Textures of one texel a quad, in rows of [`TEXTURE_ROW`]: for llvmpipe,
    /// which reads buffers lane by lane but textures by whole vectors.
    Textures,
}

impl Storage {
    /// Bytes of a full row of a texture.
    pub const ROW_BYTES: u64 = TEXTURE_ROW as u64 * (QUAD * size_of::<f32>()) as u64;

    /// Bytes that a value of `bytes` takes: textures have whole rows.
    pub fn padded(self, bytes: u64) -> u64 {
        match self {
            Storage::Buffers => bytes,
            Storage::Textures => bytes.next_multiple_of(Self::ROW_BYTES),
        }
    }
}
