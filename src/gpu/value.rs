//! An activation slot or a weight on the device: a buffer, or a texture where
//! the device reads those faster.

use super::Gpu;
use crate::kernels::{Storage, TEXTURE_ROW};

/// Texels of textures: quads.
pub(super) const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba32Float;

/// Bytes of a texel.
const TEXEL: u64 = Storage::ROW_BYTES / TEXTURE_ROW as u64;

/// Something that kernels read and write quad by quad.
#[derive(Debug)]
pub(super) enum Value {
    /// A storage buffer.
    Buffer(wgpu::Buffer),
    /// A texture in rows of [`TEXTURE_ROW`], and its view.
    Texture(wgpu::Texture, wgpu::TextureView),
}

impl Value {
    /// Room for that many bytes, whole quads, in what the device likes best.
    pub fn new(gpu: &Gpu, label: &str, bytes: u64) -> Self {
        let device = gpu.device();
        match gpu.profile().storage {
            Storage::Buffers => Value::Buffer(device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: bytes,
                usage: wgpu::BufferUsages::STORAGE
                    | wgpu::BufferUsages::COPY_DST
                    | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })),
            Storage::Textures => {
                let texture = device.create_texture(&wgpu::TextureDescriptor {
                    label: Some(label),
                    size: rows(bytes),
                    mip_level_count: 1,
                    sample_count: 1,
                    dimension: wgpu::TextureDimension::D2,
                    format: FORMAT,
                    usage: wgpu::TextureUsages::TEXTURE_BINDING
                        | wgpu::TextureUsages::STORAGE_BINDING
                        | wgpu::TextureUsages::COPY_DST
                        | wgpu::TextureUsages::COPY_SRC,
                    view_formats: &[],
                });
                let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
                Value::Texture(texture, view)
            }
        }
    }

    /// What a kernel binds.
    pub fn binding(&self) -> wgpu::BindingResource<'_> {
        match self {
            Value::Buffer(buffer) => buffer.as_entire_binding(),
            Value::Texture(_, view) => wgpu::BindingResource::TextureView(view),
        }
    }

    /// Writes whole quads from byte `start` on, where a row begins.
    pub fn write(&self, queue: &wgpu::Queue, start: u64, bytes: &[u8]) {
        match self {
            Value::Buffer(buffer) => queue.write_buffer(buffer, start, bytes),
            Value::Texture(texture, _) => {
                // Whole rows, then what is left of the last.
                let whole = bytes.len() as u64 / Storage::ROW_BYTES;
                let (full, rest) = bytes.split_at((whole * Storage::ROW_BYTES) as usize);
                let parts = [
                    (full, 0, TEXTURE_ROW, whole as u32),
                    (rest, whole as u32, (rest.len() as u64 / TEXEL) as u32, 1),
                ];
                for (part, row, width, height) in parts {
                    if part.is_empty() {
                        continue;
                    }
                    let mut at = texture.as_image_copy();
                    at.origin.y = (start / Storage::ROW_BYTES) as u32 + row;
                    let size = wgpu::Extent3d {
                        width,
                        height,
                        depth_or_array_layers: 1,
                    };
                    queue.write_texture(at, part, LAYOUT, size);
                }
            }
        }
    }

    /// Copies its first `bytes` to `to`, from byte `at` on: whole rows where
    /// it is a texture ([`Storage::padded`]).
    pub fn copy(&self, encoder: &mut wgpu::CommandEncoder, to: &wgpu::Buffer, at: u64, bytes: u64) {
        match self {
            Value::Buffer(buffer) => encoder.copy_buffer_to_buffer(buffer, 0, to, at, bytes),
            Value::Texture(texture, _) => {
                let to = wgpu::TexelCopyBufferInfo {
                    buffer: to,
                    layout: wgpu::TexelCopyBufferLayout {
                        offset: at,
                        ..LAYOUT
                    },
                };
                encoder.copy_texture_to_buffer(texture.as_image_copy(), to, rows(bytes));
            }
        }
    }
}

const LAYOUT: wgpu::TexelCopyBufferLayout = wgpu::TexelCopyBufferLayout {
    offset: 0,
    bytes_per_row: Some(Storage::ROW_BYTES as u32),
    rows_per_image: None,
};

/// The texture that holds so many bytes.
fn rows(bytes: u64) -> wgpu::Extent3d {
    wgpu::Extent3d {
        width: TEXTURE_ROW,
        height: bytes.div_ceil(Storage::ROW_BYTES).max(1) as u32,
        depth_or_array_layers: 1,
    }
}
