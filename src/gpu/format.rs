//! The format of textures that hold values.

use crate::kernels::Scalar;

/// Texels of textures: quads of that type.
pub(super) fn format(scalar: Scalar) -> wgpu::TextureFormat {
    match scalar {
        Scalar::F16 => wgpu::TextureFormat::Rgba16Float,
        Scalar::F32 => wgpu::TextureFormat::Rgba32Float,
    }
}
