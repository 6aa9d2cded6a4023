//! A picture on the device, and why it cannot be prepared.

use super::source::{BufferSource, SourceError, TextureSource};
use crate::gpu::GpuError;
use crate::preprocess::PreprocessError;

/// A picture on the device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum OnDevice<'a> {
    Texture(TextureSource<'a>),
    Buffer(BufferSource<'a>),
}

/// Why a picture on the device cannot be prepared there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResampleError {
    /// The device refused.
    #[error(transparent)]
    Gpu(#[from] GpuError),
    /// No picture.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// No crop of it.
    #[error(transparent)]
    Preprocess(#[from] PreprocessError),
}
