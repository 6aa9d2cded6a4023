//! The pictures that a classifier accepts.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use image::{DynamicImage, RgbaImage};

use super::Classifier;
use crate::error::Error;
use crate::gpu::{BoundPicture, BufferSource, DevicePicture, GpuError, SourceError, TextureSource};
use crate::pixels::{InputError, Pixels};
use crate::preprocess::{ImageLimits, RgbImage, decode_bytes, decode_file, to_rgb};
use crate::session::Session;
use crate::tensor::{Tensor, padded};

/// A picture for a [`Classifier`]: a file, a picture in host memory, or a picture that is already
/// on the device. The device resizes and crops its own pictures.
///
/// Paths, `&RgbImage`, `&RgbaImage`, `&DynamicImage`, `&Tensor`, `&wgpu::Texture`, [`Pixels`],
/// [`TextureSource`] and [`BufferSource`] convert into an `Input`.
///
/// ```
/// use resnet_wgpu::{Classifier, Device, Input, Model, Pixels, Tensor};
/// use resnet_wgpu::image::RgbImage;
///
/// let classifier = Classifier::new(Device::Cpu, &Model::embedded()?, &Default::default())?;
/// let image = RgbImage::new(48, 40);
/// let normalised = Tensor::zeros([1, 32, 32, 3]);
/// let inputs = [
///     Input::from("photos/chelsea.png"),
///     Input::from(&image),
///     Input::from(Pixels::rgb(image.as_raw(), 48, 40)),
///     Input::from(&normalised),
/// ];
/// for input in inputs {
///     assert_eq!(classifier.classify(input, 3)?.len(), 3);
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Input<'a> {
    /// An image file, within the default [`ImageLimits`].
    Path(Cow<'a, Path>),
    /// The bytes of an image file, within the default [`ImageLimits`].
    Encoded(&'a [u8]),
    /// A picture as returned by [`decode_file`].
    Rgb(&'a RgbImage),
    /// Any picture of the `image` crate. 16-bit channels keep their high byte; alpha is dropped.
    Image(&'a DynamicImage),
    /// Rows of bytes.
    Pixels(Pixels<'a>),
    /// `[1, H, W, 3]`, f32, already resized, cropped and normalised. A tensor is not resized, and
    /// is the only view.
    Tensor(&'a Tensor),
    /// A texture of the classifier's device, or a part of one.
    Texture(TextureSource<'a>),
    /// Pixels in a buffer of the classifier's device.
    Buffer(BufferSource<'a>),
}

/// A picture that is ready for a session.
#[allow(
    clippy::large_enum_variant,
    reason = "there is one at a time, on the stack"
)]
pub(super) enum PreparedInput<'a> {
    /// Views of the picture.
    Crops(Vec<RgbImage>),
    /// Floats with padded channels, and the height and width of the picture.
    Floats(Vec<f32>, (usize, usize)),
    /// A picture that is bound and will be resized on the device.
    Device(BoundPicture<'a>),
}

impl PreparedInput<'_> {
    /// Converts an error of commands that read this picture. If the device refused commands that
    /// read the application's texture or buffer, the texture or buffer is the cause.
    pub(super) fn attribute_error(&self, error: Error) -> Error {
        match (self, error.downcast_ref()) {
            (Self::Device(_), Some(GpuError::Refused { reason, .. })) => {
                SourceError::Refused(reason.clone()).into()
            }
            _ => error,
        }
    }
}

impl Classifier {
    /// Prepares a picture for a session.
    pub(super) async fn prepare<'a>(
        &self,
        session: &'a Session,
        input: Input<'_>,
    ) -> Result<PreparedInput<'a>, Error> {
        let image = match input {
            Input::Path(path) => Cow::Owned(decode_file(path, &ImageLimits::default())?),
            Input::Encoded(bytes) => {
                Cow::Owned(decode_bytes("the picture", bytes, &ImageLimits::default())?)
            }
            Input::Rgb(image) => Cow::Borrowed(image),
            Input::Image(image) => to_rgb(Cow::Borrowed(image))
                .ok_or_else(|| InputError::Float(format!("{:?}", image.color())))?,
            Input::Pixels(pixels) => Cow::Owned(pixels.to_rgb()?),
            Input::Tensor(tensor) => {
                return match tensor.shape() {
                    [1, h, w, 3] => Ok(PreparedInput::Floats(padded(tensor), (*h, *w))),
                    other => Err(InputError::Tensor(other.to_vec()).into()),
                };
            }
            Input::Texture(source) => {
                return self
                    .on_device(session, DevicePicture::Texture(source))
                    .await;
            }
            Input::Buffer(source) => {
                return self.on_device(session, DevicePicture::Buffer(source)).await;
            }
        };
        let views = self.preprocess().views(&image, self.views())?;
        Ok(PreparedInput::Crops(views))
    }

    async fn on_device<'a>(
        &self,
        session: &'a Session,
        picture: DevicePicture<'_>,
    ) -> Result<PreparedInput<'a>, Error> {
        match self.views().count() {
            1 if !self.views().any_size() => {
                let resampler = session.resampler(self.preprocess()).await?;
                Ok(PreparedInput::Device(resampler.ready(picture).await?))
            }
            views => Err(InputError::Views(views).into()),
        }
    }
}

/// Implements conversions from paths of image files.
macro_rules! paths {
    ($($path:ty: $convert:expr,)*) => {
        $(impl<'a> From<$path> for Input<'a> {
            fn from(path: $path) -> Self {
                let convert: fn($path) -> Cow<'a, Path> = $convert;
                Self::Path(convert(path))
            }
        })*
    };
}

paths! {
    &'a Path: Cow::Borrowed,
    &'a PathBuf: |path| Cow::Borrowed(path),
    PathBuf: Cow::Owned,
    &'a str: |path| Cow::Borrowed(Path::new(path)),
    &&'a str: |path| Cow::Borrowed(Path::new(*path)),
    &'a String: |path| Cow::Borrowed(Path::new(path)),
    String: |path| Cow::Owned(path.into()),
}

impl<'a> From<&'a [u8]> for Input<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Encoded(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Input<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Encoded(bytes)
    }
}

impl<'a> From<&'a RgbImage> for Input<'a> {
    fn from(image: &'a RgbImage) -> Self {
        Self::Rgb(image)
    }
}

impl<'a> From<&'a DynamicImage> for Input<'a> {
    fn from(image: &'a DynamicImage) -> Self {
        Self::Image(image)
    }
}

impl<'a> From<&'a RgbaImage> for Input<'a> {
    fn from(image: &'a RgbaImage) -> Self {
        Pixels::rgba(image.as_raw(), image.width(), image.height()).into()
    }
}

impl<'a> From<Pixels<'a>> for Input<'a> {
    fn from(pixels: Pixels<'a>) -> Self {
        Self::Pixels(pixels)
    }
}

impl<'a> From<&'a Tensor> for Input<'a> {
    fn from(tensor: &'a Tensor) -> Self {
        Self::Tensor(tensor)
    }
}

impl<'a> From<&'a wgpu::Texture> for Input<'a> {
    fn from(texture: &'a wgpu::Texture) -> Self {
        Self::Texture(TextureSource {
            texture,
            region: None,
        })
    }
}

impl<'a> From<TextureSource<'a>> for Input<'a> {
    fn from(source: TextureSource<'a>) -> Self {
        Self::Texture(source)
    }
}

impl<'a> From<BufferSource<'a>> for Input<'a> {
    fn from(source: BufferSource<'a>) -> Self {
        Self::Buffer(source)
    }
}
