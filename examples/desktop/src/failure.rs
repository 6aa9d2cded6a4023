//! What can go wrong with what somebody asked for, as it is told.

use std::fmt::{Display, Formatter};
use std::path::PathBuf;

use resnet_wgpu::Error;
use resnet_wgpu::low_level::preprocess::ImageError;

/// Why something was not done.
#[derive(Debug)]
pub enum Failure {
    /// The library says why.
    Library(Error),
    /// What the system says of a path.
    Path(PathBuf, std::io::Error),
    /// A pipe or a device: reading it might never end.
    NotAFile(PathBuf),
    /// A folder that shows nothing.
    NoPictures(PathBuf),
    /// The device had no memory for a texture of that size.
    DeviceMemory(u32, u32),
    /// Something else that the device said of a texture.
    Texture(String),
    /// A job panicked.
    Panicked(String),
    /// A thread has ended.
    Gone(String),
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Library(error) => error.fmt(f),
            Self::Path(path, error) => write!(f, "{}: {error}", path.display()),
            Self::NotAFile(path) => write!(f, "{}: this is no regular file", path.display()),
            Self::NoPictures(path) => {
                write!(
                    f,
                    "{}: there are no pictures in this folder",
                    path.display()
                )
            }
            Self::DeviceMemory(width, height) => write!(
                f,
                "the device has no memory for a picture of {width} × {height}: close some"
            ),
            Self::Texture(error) => write!(f, "a picture did not get onto the device: {error}"),
            Self::Panicked(message) => write!(f, "a defect of this application: {message}"),
            Self::Gone(name) => write!(f, "the thread “{name}” has ended: start again"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        Self::Library(error.into())
    }
}
