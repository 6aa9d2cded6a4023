//! The errors of the user's requests, as the window shows them.

use std::fmt::{Display, Formatter};
use std::path::PathBuf;

use resnet_wgpu::Error;
use resnet_wgpu::low_level::preprocess::ImageError;

/// The reason for a failure.
#[derive(Debug)]
pub enum Failure {
    /// An error of the library.
    Library(Error),
    /// A path, and the system's error for it.
    Path(PathBuf, std::io::Error),
    /// A pipe or a device file. Reading it might never end.
    NotAFile(PathBuf),
    /// A folder without pictures.
    NoPictures(PathBuf),
    /// The device had no memory for a texture of this size.
    DeviceMemory(u32, u32),
    /// Another error of the device for a texture.
    Texture(String),
    /// A job panicked.
    Panicked(String),
    /// The named thread has ended.
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
