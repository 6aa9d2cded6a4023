//! An activation slot or a weight on the device: a buffer, or a texture if the device reads
//! textures faster.

use super::Handles;
use super::texture_format::texture_format;
use crate::kernels::{MemoryKind, Scalar, TEXTURE_ROW};

/// Device memory that kernels read and write in channel quads. Clones share the memory.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// A storage buffer.
    Buffer(wgpu::Buffer),
    /// A texture with rows of [`TEXTURE_ROW`] texels, its view, and the scalar type of its quads.
    Texture(wgpu::Texture, wgpu::TextureView, Scalar),
}

impl Value {
    /// Creates a value of at least `bytes` bytes, which are whole quads.
    pub fn new(handles: &Handles, label: &str, bytes: u64, memory_kind: MemoryKind) -> Self {
        let device = handles.device();
        match memory_kind {
            MemoryKind::Buffer => Value::Buffer(device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: bytes,
                usage: wgpu::BufferUsages::STORAGE
                    | wgpu::BufferUsages::COPY_DST
                    | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })),
            MemoryKind::Texture(scalar) => {
                let texture = device.create_texture(&wgpu::TextureDescriptor {
                    label: Some(label),
                    size: texture_size(
                        rows(memory_kind, bytes),
                        device.limits().max_texture_dimension_2d,
                    ),
                    mip_level_count: 1,
                    sample_count: 1,
                    dimension: wgpu::TextureDimension::D2,
                    format: texture_format(scalar),
                    usage: wgpu::TextureUsages::TEXTURE_BINDING
                        | wgpu::TextureUsages::STORAGE_BINDING
                        | wgpu::TextureUsages::COPY_DST
                        | wgpu::TextureUsages::COPY_SRC,
                    view_formats: &[],
                });
                let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
                Value::Texture(texture, view, scalar)
            }
        }
    }

    /// Returns the capacity in bytes.
    pub fn bytes(&self) -> u64 {
        match self {
            Value::Buffer(buffer) => buffer.size(),
            Value::Texture(texture, ..) => {
                u64::from(texture.height()) * self.memory_kind().row_bytes()
            }
        }
    }

    /// Returns the buffer, or `None` for a texture.
    pub fn buffer(&self) -> Option<&wgpu::Buffer> {
        match self {
            Value::Buffer(buffer) => Some(buffer),
            Value::Texture(..) => None,
        }
    }

    /// Returns the kind of memory: a buffer, or a texture of some scalar type.
    pub fn memory_kind(&self) -> MemoryKind {
        match self {
            Value::Buffer(_) => MemoryKind::Buffer,
            Value::Texture(_, _, scalar) => MemoryKind::Texture(*scalar),
        }
    }

    /// Returns the resource that a kernel binds.
    pub fn binding(&self) -> wgpu::BindingResource<'_> {
        match self {
            Value::Buffer(buffer) => buffer.as_entire_binding(),
            Value::Texture(_, view, _) => wgpu::BindingResource::TextureView(view),
        }
    }

    /// Writes `bytes` from byte `start` on. For a texture, `start` is the beginning of a row and
    /// `bytes` are whole quads. For a buffer, `bytes` may have any length; the last word is filled
    /// up with zeros.
    pub fn write(&self, queue: &wgpu::Queue, start: u64, bytes: &[u8]) {
        match self {
            Value::Buffer(buffer) => {
                let (words, rest) = bytes.as_chunks::<4>();
                queue.write_buffer(buffer, start, words.as_flattened());
                if !rest.is_empty() {
                    let mut last = [0; 4];
                    last[..rest.len()].copy_from_slice(rest);
                    queue.write_buffer(buffer, start + size_of_val(words) as u64, &last);
                }
            }
            Value::Texture(texture, _, scalar) => {
                // Whole rows first, then the rest of the last row.
                let row = self.memory_kind().row_bytes() as usize;
                let whole = bytes.len() / row;
                let (full, rest) = bytes.split_at(whole * row);
                let texels = rest.len() / scalar.quad_bytes();
                let parts = [
                    (full, 0, TEXTURE_ROW, whole as u32),
                    (rest, whole as u32, texels as u32, 1),
                ];
                for (part, row_at, width, height) in parts {
                    if part.is_empty() {
                        continue;
                    }
                    let mut at = texture.as_image_copy();
                    at.origin.y = (start / self.memory_kind().row_bytes()) as u32 + row_at;
                    let size = wgpu::Extent3d {
                        width,
                        height,
                        depth_or_array_layers: 1,
                    };
                    queue.write_texture(at, part, layout(self.memory_kind(), 0), size);
                }
            }
        }
    }

    /// Records a copy of the first `bytes` bytes of `from` into this value. A copy into a buffer is
    /// rounded up to whole words, and a copy into a texture to whole rows ([`MemoryKind::padded`]).
    pub fn fill(&self, encoder: &mut wgpu::CommandEncoder, from: &wgpu::Buffer, bytes: u64) {
        match self {
            Value::Buffer(buffer) => {
                let words = bytes.next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT);
                encoder.copy_buffer_to_buffer(from, 0, buffer, 0, words);
            }
            Value::Texture(texture, ..) => {
                let from = wgpu::TexelCopyBufferInfo {
                    buffer: from,
                    layout: layout(self.memory_kind(), 0),
                };
                let size = rows(self.memory_kind(), bytes);
                encoder.copy_buffer_to_texture(from, texture.as_image_copy(), size);
            }
        }
    }

    /// Records a copy of the first `bytes` bytes of this value to `to`, from byte `at` on. A copy
    /// from a texture is rounded up to whole rows ([`MemoryKind::padded`]).
    pub fn copy(&self, encoder: &mut wgpu::CommandEncoder, to: &wgpu::Buffer, at: u64, bytes: u64) {
        match self {
            Value::Buffer(buffer) => encoder.copy_buffer_to_buffer(buffer, 0, to, at, bytes),
            Value::Texture(texture, ..) => {
                let to = wgpu::TexelCopyBufferInfo {
                    buffer: to,
                    layout: layout(self.memory_kind(), at),
                };
                let size = rows(self.memory_kind(), bytes);
                encoder.copy_texture_to_buffer(texture.as_image_copy(), to, size);
            }
        }
    }
}

/// Returns the layout of consecutive rows from byte `offset` on.
fn layout(memory_kind: MemoryKind, offset: u64) -> wgpu::TexelCopyBufferLayout {
    wgpu::TexelCopyBufferLayout {
        offset,
        bytes_per_row: Some(memory_kind.row_bytes() as u32),
        rows_per_image: None,
    }
}

/// Returns the size of a texture that holds `size` and whose height is not a power of two. llvmpipe
/// compiles a kernel anew for each combination of textures with and without power-of-two sizes,
/// about ten times for one ResNet. A texture of `most` rows cannot grow by another row.
fn texture_size(size: wgpu::Extent3d, most: u32) -> wgpu::Extent3d {
    let height = match size.height {
        ..3 => 3,
        height if height.is_power_of_two() && height < most => height + 1,
        height => height,
    };
    wgpu::Extent3d { height, ..size }
}

/// Returns the texels that hold `bytes` bytes, as whole rows.
fn rows(memory_kind: MemoryKind, bytes: u64) -> wgpu::Extent3d {
    wgpu::Extent3d {
        width: TEXTURE_ROW,
        height: bytes.div_ceil(memory_kind.row_bytes()).max(1) as u32,
        depth_or_array_layers: 1,
    }
}
