//! What activations and weights lie in.

use super::Scalar;

/// Texels in a row of a texture that holds a value: a quad each. No
/// longer than it takes: 16,384 rows hold what a binding of 128 MiB does in
/// f16, and a short value wastes three rows.
pub const TEXTURE_ROW: u32 = 1024;

/// What activations and weights lie in; a device has one kind, and every
/// kernel is rendered for either.
///
/// ```
/// use resnet_wgpu::low_level::plan::{DeviceProfile, Storage};
///
/// assert_eq!(DeviceProfile::default().storage, Storage::Buffers);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Storage {
    /// Storage buffers.
    #[default]
    Buffers,
    /// Textures of one texel a quad, in rows of [`TEXTURE_ROW`]: for llvmpipe,
    /// which reads buffers lane by lane but textures by whole vectors.
    Textures,
}

impl Storage {
    /// What a value that is stored in `scalar` lies in.
    pub fn place(self, scalar: Scalar) -> Place {
        match self {
            Storage::Buffers => Place::Buffer,
            Storage::Textures => Place::Texture(scalar),
        }
    }
}

/// What one value lies in. Values of one kind of place may take turns in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// A storage buffer, of any type.
    Buffer,
    /// A texture whose texels are quads of that type.
    Texture(Scalar),
}

impl Place {
    /// Bytes of a full row, where there are rows.
    pub const fn row_bytes(self) -> u64 {
        match self {
            Place::Buffer => 1,
            Place::Texture(scalar) => TEXTURE_ROW as u64 * scalar.quad_bytes() as u64,
        }
    }

    /// Bytes that a value of `bytes` takes: textures have whole rows.
    pub fn padded(self, bytes: u64) -> u64 {
        bytes.next_multiple_of(self.row_bytes())
    }
}
