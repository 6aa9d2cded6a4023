//! The format of textures that hold values.

use crate::kernels::Scalar;

/// Returns the format of texels that each hold a channel quad of `scalar`.
pub(super) fn texture_format(scalar: Scalar) -> wgpu::TextureFormat {
    match scalar {
        Scalar::F16 => wgpu::TextureFormat::Rgba16Float,
        Scalar::F32 => wgpu::TextureFormat::Rgba32Float,
    }
}
