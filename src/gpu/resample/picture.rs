//! A picture on the device, and the errors of its preparation.

use super::source::{BufferSource, SourceError, TextureSource};
use crate::gpu::GpuError;
use crate::preprocess::PreprocessError;

/// A picture on the device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum DevicePicture<'a> {
    Texture(TextureSource<'a>),
    Buffer(BufferSource<'a>),
}

/// An error of preparing a picture on the device.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResampleError {
    /// An error of the device.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// A texture or buffer that is not a valid picture.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A picture from which no crop can be made.
    #[error(transparent)]
    Preprocess(#[from] PreprocessError),
}
