//! The shaders that resize images which are already on the device. They are no network kernels but
//! are rendered by the same templates.

use minijinja::context;

use super::template::{TemplateError, render};

/// A pass of the two-pass resize.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResampleShader {
    /// The first pass, reading a texture.
    Texture,
    /// The first pass, reading pixels in a buffer.
    Buffer,
    /// The second pass, writing the crop.
    Crop,
}

impl ResampleShader {
    /// All shaders of the resize.
    pub const ALL: [Self; 3] = [Self::Texture, Self::Buffer, Self::Crop];

    /// Returns the shader's name in messages and in the driver's tools.
    pub fn name(self) -> &'static str {
        match self {
            Self::Texture => "resample.texture",
            Self::Buffer => "resample.buffer",
            Self::Crop => "resample.crop",
        }
    }

    /// Returns the shader's WGSL.
    ///
    /// # Errors
    /// [`TemplateError`] if the template does not render, which is a defect of this crate.
    pub fn source(self) -> Result<String, TemplateError> {
        let shader = match self {
            Self::Crop => "resample_crop.wgsl",
            Self::Texture | Self::Buffer => "resample.wgsl",
        };
        let values = context! { texture => self == Self::Texture };
        render(shader, values).map_err(|source| TemplateError::new(self.name(), source))
    }
}
