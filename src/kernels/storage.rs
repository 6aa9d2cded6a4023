//! The resources that hold activations and weights: storage buffers or textures.

use super::Scalar;

/// Texels in a row of a texture that holds a value. Each texel is a quad.
///
/// Rows are no longer than necessary: 16,384 rows of f16 hold as much as a binding of 128 MiB, and
/// a short value wastes at most three rows.
pub const TEXTURE_ROW: u32 = 1024;

/// The kind of resource that holds activations and weights. A device uses one kind, and every
/// kernel can be rendered for each kind.
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
    /// Textures with one texel for each quad, in rows of [`TEXTURE_ROW`]. For llvmpipe, which reads
    /// textures by whole vectors but buffers one lane at a time.
    Textures,
}

impl Storage {
    /// Returns the kind of resource for a value that is stored in `scalar`.
    pub fn memory_kind(self, scalar: Scalar) -> MemoryKind {
        match self {
            Storage::Buffers => MemoryKind::Buffer,
            Storage::Textures => MemoryKind::Texture(scalar),
        }
    }
}

/// The kind of resource that holds one value. Values whose kinds are equal may share a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MemoryKind {
    /// A storage buffer, which can hold any number type.
    Buffer,
    /// A texture whose texels are quads of the given number type.
    Texture(Scalar),
}

impl MemoryKind {
    /// Returns the size of a full texture row in bytes, or 1 for a buffer.
    pub const fn row_bytes(self) -> u64 {
        match self {
            MemoryKind::Buffer => 1,
            MemoryKind::Texture(scalar) => TEXTURE_ROW as u64 * scalar.quad_bytes() as u64,
        }
    }

    /// Returns the bytes that a value of `bytes` occupies. In a texture the size is rounded up to
    /// whole rows.
    pub fn padded(self, bytes: u64) -> u64 {
        bytes.next_multiple_of(self.row_bytes())
    }
}
