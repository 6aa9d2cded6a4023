//! Errors of the conversion from a file to a network's input.

use std::fmt::Display;

use thiserror::Error;

/// An error while reading an image from a file or a block of bytes. Each message is one line that
/// names the file, what was expected, what was found and what to do.
///
/// ```
/// use resnet_wgpu::{ImageLimits, decode_bytes};
/// use resnet_wgpu::low_level::preprocess::ImageError;
///
/// let upload = b"<html>";
/// let error = decode_bytes("upload.png", upload, &ImageLimits::default()).unwrap_err();
/// assert!(matches!(error, ImageError::NotAnImage { .. }));
/// assert!(error.to_string().starts_with("upload.png: expected a PNG, JPEG"));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The operating system could not open or read the file.
    #[error("{name}: cannot read the file: {source}; check the path and its permissions")]
    Read {
        /// Name of the file, as given.
        name: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The path is a directory.
    #[error("{name}: expected an image file, found a directory; name a file inside it")]
    Directory {
        /// The path, as given.
        name: String,
    },
    /// The file holds no bytes.
    #[error("{name}: expected an image, found an empty file (0 bytes); fetch or export it again")]
    Empty {
        /// Name of the file, as given.
        name: String,
    },
    /// The first bytes match no image format.
    #[error(
        "{name}: expected a PNG, JPEG, WebP, BMP, GIF or TIFF image, \
         found a file that starts with \"{start}\"; check that it is the right file"
    )]
    NotAnImage {
        /// Name of the file, as given.
        name: String,
        /// The first bytes, escaped to printable ASCII.
        start: String,
    },
    /// The file is an image of an unsupported kind.
    #[error("{name}: {found} is not supported; convert the image to 8-bit PNG or JPEG")]
    Unsupported {
        /// Name of the file, as given.
        name: String,
        /// The unsupported format, or the unsupported feature of the format.
        found: String,
    },
    /// The header announces more pixels than [`ImageLimits`] allows.
    ///
    /// [`ImageLimits`]: super::ImageLimits
    #[error(
        "{name}: expected at most {max_pixels} pixels, found {width}x{height}; \
         make the image smaller"
    )]
    TooManyPixels {
        /// Name of the file, as given.
        name: String,
        /// Width in pixels that the header announces.
        width: u32,
        /// Height in pixels that the header announces.
        height: u32,
        /// Largest number of pixels allowed.
        max_pixels: u64,
    },
    /// The file, or the memory for decoding the file, exceeds the limit.
    #[error(
        "{name}: expected to read it in at most {max_bytes} bytes of memory, \
         found that it needs more; make the image smaller"
    )]
    TooMuchMemory {
        /// Name of the file, as given.
        name: String,
        /// Largest number of bytes allowed.
        max_bytes: u64,
    },
    /// The data ends before the image does.
    #[error(
        "{name}: expected a whole {format} image, found data that ends too early; \
         fetch or export it again"
    )]
    Truncated {
        /// Name of the file, as given.
        name: String,
        /// Format that the first bytes show.
        format: &'static str,
    },
    /// The data violates the rules of the format.
    #[error(
        "{name}: expected a valid {format} image, found damaged data ({reason}); \
         fetch or export it again"
    )]
    Damaged {
        /// Name of the file, as given.
        name: String,
        /// Format that the first bytes show.
        format: &'static str,
        /// The decoder's reason, on one line.
        reason: String,
    },
}

/// An error while converting an image to a network's input.
///
/// ```
/// use resnet_wgpu::Preprocess;
/// use resnet_wgpu::low_level::preprocess::{PreprocessError, RgbImage};
///
/// let error = Preprocess::imagenet(224)?.crop_image(&RgbImage::new(0, 7)).unwrap_err();
/// assert_eq!(error, PreprocessError::EmptyImage { width: 0, height: 7 });
/// assert!(error.to_string().ends_with("use another image"));
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Error, Clone, PartialEq)]
#[non_exhaustive]
pub enum PreprocessError {
    /// A field of the configuration is out of range.
    #[error(
        "preprocessing: expected {field} to be {expected}, found {found}; correct the model's \
         configuration, or what was given in its place"
    )]
    Field {
        /// Name of the field.
        field: &'static str,
        /// The values that the field may have.
        expected: String,
        /// The value that the field has.
        found: String,
    },
    /// The name of an interpolation is unknown.
    #[error(
        "preprocessing: expected interpolation \"bilinear\" or \"bicubic\", found \"{found}\"; use one of the two"
    )]
    Interpolation {
        /// The given name, escaped to printable ASCII.
        found: String,
    },
    /// The image has no pixels.
    #[error(
        "preprocessing: expected an image of at least 1x1 pixels, found {width}x{height}; use another image"
    )]
    EmptyImage {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// Ten crops were requested of a picture that is smaller than one crop.
    #[error(
        "preprocessing: expected a picture of at least {}x{} pixels for ten crops, found {}x{} once \
         it is resized; resize it to more, or take the centre crop", crop.0, crop.1, resized.0, resized.1
    )]
    Margin {
        /// Width and height in pixels of the resized picture.
        resized: (u64, u64),
        /// Width and height in pixels of a crop.
        crop: (u32, u32),
    },
    /// The picture's sides differ so much that the longer side would exceed the limit at the
    /// requested scale.
    #[error(
        "preprocessing: expected sides of 1 to {} pixels at scale {scale}, found {}x{}; leave the \
         picture or the scale out", super::MAX_CROP_SIDE, resized.0, resized.1
    )]
    Scale {
        /// Requested length of the shorter side in pixels.
        scale: u32,
        /// Width and height in pixels of the picture at that scale.
        resized: (u64, u64),
    },
    /// The output buffer does not fit the image.
    #[error(
        "preprocessing: expected room for {expected} numbers (height x width x 4), found {found}; size it with input_len()"
    )]
    BufferLength {
        /// Numbers that the image needs.
        expected: usize,
        /// Numbers that the buffer holds.
        found: usize,
    },
}

impl PreprocessError {
    /// Returns a [`PreprocessError::Field`] for any value that implements `Display`.
    pub(crate) fn field(
        field: &'static str,
        expected: impl Into<String>,
        found: impl Display,
    ) -> Self {
        Self::Field {
            field,
            expected: expected.into(),
            found: found.to_string(),
        }
    }
}
