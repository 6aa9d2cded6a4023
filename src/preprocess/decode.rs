//! Image files to 8-bit RGB.

use std::borrow::Cow;
use std::error::Error as _;
use std::fs::File;
use std::io::{Cursor, ErrorKind, Read};
use std::path::Path;

use image::error::ImageError as DecoderError;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::error::{ImageError, one_line};
use super::to_rgb::to_rgb;
use super::{RgbImage, jpeg_end};

/// Bytes that are enough to tell every format from its signature.
const SIGNATURE_LEN: usize = 32;

/// What reading one image may cost. Checked against the header, before any
/// pixel is decoded.
///
/// ```
/// use resnet_wgpu::preprocess::{ImageError, ImageLimits, decode_file};
///
/// let limits = ImageLimits {
///     max_pixels: 100_000,
///     ..Default::default()
/// };
/// // It has 451×300 pixels.
/// let refused = decode_file("photos/chelsea.png", &limits);
/// assert!(matches!(refused, Err(ImageError::TooManyPixels { width: 451, .. })));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageLimits {
    /// Most pixels, width × height.
    pub max_pixels: u64,
    /// Most bytes, both of the file and of its decoded pixels.
    pub max_alloc: u64,
}

impl Default for ImageLimits {
    /// 178,956,970 pixels, where Pillow refuses a decompression bomb; 1 GiB.
    fn default() -> Self {
        Self {
            max_pixels: 178_956_970,
            max_alloc: 1 << 30,
        }
    }
}

/// Reads an image file to 8-bit RGB; see [`decode_bytes`].
///
/// # Errors
/// [`ImageError`], which names the file: a directory, an unreadable file, or
/// any reason of [`decode_bytes`].
pub fn decode_file(path: impl AsRef<Path>, limits: &ImageLimits) -> Result<RgbImage, ImageError> {
    let path = path.as_ref();
    let name = one_line(path.display());
    let failed = |source| ImageError::Read {
        name: name.clone(),
        source,
    };
    let mut file = File::open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if found.is_dir() {
        return Err(ImageError::Directory { name });
    }
    // The signature first, so that a huge file that is no image is not read;
    // then at most one byte beyond the limit, since a pipe tells no length.
    let mut bytes = Vec::new();
    let mut part = file.by_ref().take(SIGNATURE_LEN as u64);
    part.read_to_end(&mut bytes).map_err(failed)?;
    recognise(&name, &bytes)?;
    let most = limits.max_alloc.saturating_add(1);
    if found.len() <= limits.max_alloc {
        let mut part = file.take(most.saturating_sub(bytes.len() as u64));
        part.read_to_end(&mut bytes).map_err(failed)?;
    }
    if found.len().max(bytes.len() as u64) > limits.max_alloc {
        return Err(ImageError::TooMuchMemory {
            name,
            max_bytes: limits.max_alloc,
        });
    }
    decode_bytes(&name, &bytes, limits)
}

/// Decodes PNG, JPEG, WebP, BMP, GIF (its first frame) or TIFF, told apart by
/// content, to 8-bit RGB with the EXIF orientation applied. `name` stands for
/// the data in error messages.
///
/// The pixels are those of Pillow's `ImageOps.exif_transpose(img)` followed by
/// `.convert("RGB")`: gray is repeated, alpha is dropped, a palette is looked
/// up, colour profiles are ignored; 16-bit channels keep their high byte.
///
/// # Errors
/// [`ImageError`]: empty, no image, unsupported, beyond `limits`, truncated or
/// damaged data.
pub fn decode_bytes(
    name: &str,
    bytes: &[u8],
    limits: &ImageLimits,
) -> Result<RgbImage, ImageError> {
    let name = &one_line(name);
    let (format, label) = recognise(name, bytes)?;
    if format == ImageFormat::Jpeg && !jpeg_end::reaches_end(bytes) {
        return Err(ImageError::Truncated {
            name: name.clone(),
            format: label,
        });
    }
    let failed = |error| explain(name, label, limits, error);

    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut decoder_limits = image::Limits::no_limits();
    decoder_limits.max_alloc = Some(limits.max_alloc);
    reader.limits(decoder_limits);
    let mut decoder = reader.into_decoder().map_err(failed)?;

    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits.max_pixels {
        return Err(ImageError::TooManyPixels {
            name: name.clone(),
            width,
            height,
            max_pixels: limits.max_pixels,
        });
    }
    if decoder.total_bytes() > limits.max_alloc {
        return Err(ImageError::TooMuchMemory {
            name: name.clone(),
            max_bytes: limits.max_alloc,
        });
    }
    if width == 0 || height == 0 {
        return Err(ImageError::Damaged {
            name: name.clone(),
            format: label,
            reason: format!("{width}x{height} pixels"),
        });
    }
    // Unreadable metadata is no reason to refuse readable pixels.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let decoded = DynamicImage::from_decoder(decoder).map_err(failed)?;
    let rgb = to_rgb(Cow::Owned(decoded)).ok_or_else(|| ImageError::Unsupported {
        name: name.clone(),
        found: format!("{label} with floating-point pixels"),
    })?;
    let mut upright = DynamicImage::ImageRgb8(rgb.into_owned());
    upright.apply_orientation(orientation);
    Ok(upright.into_rgb8())
}

/// The format that the first bytes show, and its usual name.
fn recognise(name: &str, bytes: &[u8]) -> Result<(ImageFormat, &'static str), ImageError> {
    if bytes.is_empty() {
        return Err(ImageError::Empty { name: name.into() });
    }
    match image::guess_format(bytes) {
        Ok(ImageFormat::Png) => Ok((ImageFormat::Png, "PNG")),
        Ok(ImageFormat::Jpeg) => Ok((ImageFormat::Jpeg, "JPEG")),
        Ok(ImageFormat::WebP) => Ok((ImageFormat::WebP, "WebP")),
        Ok(ImageFormat::Bmp) => Ok((ImageFormat::Bmp, "BMP")),
        Ok(ImageFormat::Gif) => Ok((ImageFormat::Gif, "GIF")),
        Ok(ImageFormat::Tiff) => Ok((ImageFormat::Tiff, "TIFF")),
        Ok(other) => Err(ImageError::Unsupported {
            name: name.into(),
            found: format!("the {other:?} format"),
        }),
        Err(_) => Err(ImageError::NotAnImage {
            name: name.into(),
            start: bytes[..bytes.len().min(16)].escape_ascii().to_string(),
        }),
    }
}

/// A decoder's error as one of this module's.
fn explain(
    name: &str,
    format: &'static str,
    limits: &ImageLimits,
    error: DecoderError,
) -> ImageError {
    let name = name.to_owned();
    match error {
        DecoderError::Limits(_) => ImageError::TooMuchMemory {
            name,
            max_bytes: limits.max_alloc,
        },
        DecoderError::Unsupported(reason) => ImageError::Unsupported {
            name,
            found: one_line(reason),
        },
        DecoderError::IoError(source) if source.kind() == ErrorKind::UnexpectedEof => {
            ImageError::Truncated { name, format }
        }
        other => ImageError::Damaged {
            name,
            format,
            // The format is named already; the source is the reason alone.
            reason: match other.source() {
                Some(reason) => one_line(reason),
                None => one_line(other),
            },
        },
    }
}
