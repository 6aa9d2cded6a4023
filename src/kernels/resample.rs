//! The shaders that prepare pictures which are on the device already: not
//! kernels of a network, but rendered like them.

use minijinja::context;

use super::template::{TemplateError, render};

/// A pass of the resize.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResampleShader {
    /// The first, of a texture.
    Texture,
    /// The first, of pixels in a buffer.
    Buffer,
    /// The second, into the crop.
    Crop,
}

impl ResampleShader {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Texture, Self::Buffer, Self::Crop];

    /// What it is called in messages, and by the driver's tools.
    pub fn name(self) -> &'static str {
        match self {
            Self::Texture => "resample.texture",
            Self::Buffer => "resample.buffer",
            Self::Crop => "resample.crop",
        }
    }

    /// Its WGSL.
    ///
    /// # Errors
    /// [`TemplateError`]: a defect of this crate.
    pub fn source(self) -> Result<String, TemplateError> {
        let shader = match self {
            Self::Crop => "resample_crop.wgsl",
            Self::Texture | Self::Buffer => "resample.wgsl",
        };
        let values = context! { texture => self == Self::Texture };
        render(shader, values).map_err(|source| TemplateError::new(self.name(), source))
    }
}
