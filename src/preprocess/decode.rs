//! Decoding of image files to 8-bit RGB.

use std::borrow::Cow;
use std::error::Error as _;
use std::fs::File;
use std::io::{Cursor, ErrorKind, Read};
use std::path::Path;

use image::error::ImageError as DecoderError;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::error::ImageError;
use super::to_rgb::to_rgb;
use super::{RgbImage, jpeg};
use crate::printable::printable;

/// Number of bytes that suffice to recognise every format by its signature.
const SIGNATURE_LEN: usize = 32;

/// Limits on the pixels and the memory of one image. The limits are checked against the header,
/// before any pixel is decoded.
///
/// ```
/// use resnet_wgpu::{ImageLimits, decode_file};
/// use resnet_wgpu::low_level::preprocess::ImageError;
///
/// let limits = ImageLimits {
///     max_pixels: 100_000,
///     ..Default::default()
/// };
/// // The photo has 451×300 pixels.
/// let refused = decode_file("photos/chelsea.png", &limits);
/// assert!(matches!(refused, Err(ImageError::TooManyPixels { width: 451, .. })));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageLimits {
    /// Largest number of pixels, width × height.
    pub max_pixels: u64,
    /// Largest number of bytes, for the file and for its decoded pixels separately.
    pub max_alloc: u64,
}

impl Default for ImageLimits {
    /// Returns the default limits: 178,956,970 pixels, above which Pillow refuses a decompression
    /// bomb, and 1 GiB.
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
/// [`ImageError`], which names the file: a directory, an unreadable file, or any error of
/// [`decode_bytes`].
pub fn decode_file(path: impl AsRef<Path>, limits: &ImageLimits) -> Result<RgbImage, ImageError> {
    let path = path.as_ref();
    let name = printable(path.display());
    let failed = |source| ImageError::Read {
        name: name.clone(),
        source,
    };
    let mut file = File::open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if found.is_dir() {
        return Err(ImageError::Directory { name });
    }
    // The signature is read first, so that a huge file that is not an image is not read. Then at
    // most one byte beyond the limit is read, because a pipe reports no length.
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

/// Decodes PNG, JPEG, WebP, BMP, GIF (its first frame) or TIFF data to 8-bit RGB and applies the
/// EXIF orientation. The format is recognised by content. `name` identifies the data in error
/// messages.
///
/// The pixels are those of Pillow's `ImageOps.exif_transpose(img)` followed by `.convert("RGB")`.
/// Gray is repeated, alpha is dropped, a palette is looked up, and colour profiles are ignored.
/// 16-bit channels keep their high byte.
///
/// # Errors
/// [`ImageError`] for data that is empty, not an image, unsupported, beyond `limits`, truncated or
/// damaged.
pub fn decode_bytes(
    name: &str,
    bytes: &[u8],
    limits: &ImageLimits,
) -> Result<RgbImage, ImageError> {
    let name = &printable(name);
    let (format, label) = recognise(name, bytes)?;
    let choice = match format {
        ImageFormat::Jpeg => {
            let markers = jpeg::Markers::read(bytes);
            if !markers.whole {
                return Err(ImageError::Truncated {
                    name: name.clone(),
                    format: label,
                });
            }
            markers.choice()
        }
        _ => jpeg::DecoderChoice::Fast,
    };
    let (decoded, orientation) = match choice {
        jpeg::DecoderChoice::Fast => decode_fast(name, label, format, bytes, limits)?,
        jpeg::DecoderChoice::Strict(colours) => {
            let failed = |error| explain_jpeg(name, label, error);
            let image = jpeg::StrictDecoder::new(bytes, colours).map_err(failed)?;
            let (width, height) = image.dimensions;
            let total = 3 * u64::from(width) * u64::from(height);
            check_size(name, label, (width, height), total, limits)?;
            image.decode().map_err(failed)?
        }
        jpeg::DecoderChoice::Unsupported(found) => {
            return Err(ImageError::Unsupported {
                name: name.clone(),
                found,
            });
        }
    };
    let rgb = to_rgb(Cow::Owned(decoded)).ok_or_else(|| ImageError::Unsupported {
        name: name.clone(),
        found: format!("{label} with floating-point pixels"),
    })?;
    let mut upright = DynamicImage::ImageRgb8(rgb.into_owned());
    upright.apply_orientation(orientation);
    Ok(upright.into_rgb8())
}

/// Decodes with the decoder that `image` has for the format.
fn decode_fast(
    name: &str,
    label: &'static str,
    format: ImageFormat,
    bytes: &[u8],
    limits: &ImageLimits,
) -> Result<(DynamicImage, Orientation), ImageError> {
    let failed = |error| explain(name, label, limits, error);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut decoder_limits = image::Limits::no_limits();
    decoder_limits.max_alloc = Some(limits.max_alloc);
    reader.limits(decoder_limits);
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let dimensions = decoder.dimensions();
    check_size(name, label, dimensions, decoder.total_bytes(), limits)?;
    // Unreadable metadata is no reason to refuse readable pixels.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let decoded = DynamicImage::from_decoder(decoder).map_err(failed)?;
    Ok((decoded, orientation))
}

/// Checks the size that the header announces: width and height in pixels, and the number of bytes
/// of the decoded pixels.
fn check_size(
    name: &str,
    label: &'static str,
    (width, height): (u32, u32),
    total_bytes: u64,
    limits: &ImageLimits,
) -> Result<(), ImageError> {
    if u64::from(width) * u64::from(height) > limits.max_pixels {
        return Err(ImageError::TooManyPixels {
            name: name.to_owned(),
            width,
            height,
            max_pixels: limits.max_pixels,
        });
    }
    if total_bytes > limits.max_alloc {
        return Err(ImageError::TooMuchMemory {
            name: name.to_owned(),
            max_bytes: limits.max_alloc,
        });
    }
    if width == 0 || height == 0 {
        return Err(ImageError::Damaged {
            name: name.to_owned(),
            format: label,
            reason: format!("{width}x{height} pixels"),
        });
    }
    Ok(())
}

/// Returns the format that the first bytes show, and its usual name.
fn recognise(name: &str, bytes: &[u8]) -> Result<(ImageFormat, &'static str), ImageError> {
    if bytes.is_empty() {
        return Err(ImageError::Empty { name: name.into() });
    }
    if let Some(found) = other_format(bytes) {
        return Err(ImageError::Unsupported {
            name: name.into(),
            found: found.into(),
        });
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
            found: format!("{other:?}"),
        }),
        Err(_) => Err(ImageError::NotAnImage {
            name: name.into(),
            start: bytes[..bytes.len().min(16)].escape_ascii().to_string(),
        }),
    }
}

/// Returns the usual name of an unsupported format, recognised by its signature.
fn other_format(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        // ISO base media files name one brand and then further compatible brands.
        [_, _, _, _, b'f', b't', b'y', b'p', brands @ ..] => {
            let (brands, _) = brands.as_chunks::<4>();
            let any = |names: &[&[u8; 4]]| brands.iter().any(|brand| names.contains(&brand));
            match () {
                () if any(&[b"avif", b"avis"]) => Some("AVIF"),
                () if any(&[b"crx "]) => Some("a camera's raw file (CR3)"),
                () if any(HEIC_BRANDS) => Some("HEIC"),
                () => None,
            }
        }
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] | [0xFF, 0x4F, 0xFF, 0x51, ..] => {
            Some("JPEG 2000")
        }
        [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] | [0xFF, 0x0A, ..] => Some("JPEG XL"),
        [b'8', b'B', b'P', b'S', ..] => Some("Photoshop's format"),
        [
            b'P',
            b'1'..=b'6',
            b' ' | b'\t' | b'\r' | b'\n',
            b'0'..=b'9' | b'#',
            ..,
        ] => Some("PNM"),
        [b'P', b'7', b'\n', b'W', b'I', b'D', ..] => Some("PAM"),
        [b'q', b'o', b'i', b'f', ..] => Some("QOI"),
        [0, 0, 1 | 2, 0, 1..=64, 0, ..] => Some("an icon (ICO)"),
        _ => None,
    }
}

/// The brands of HEIF's still and moving pictures.
const HEIC_BRANDS: &[&[u8; 4]] = &[
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1", b"miaf",
    b"MiHB",
];

/// Returns whether the first bytes are those of an image, in a supported or an unsupported format.
/// Only formats whose signatures are long enough to be reliable count.
pub fn has_image_signature(bytes: &[u8]) -> bool {
    let read = match image::guess_format(bytes) {
        Ok(
            ImageFormat::Png
            | ImageFormat::Jpeg
            | ImageFormat::WebP
            | ImageFormat::Gif
            | ImageFormat::Tiff,
        ) => true,
        // Text may begin with "BM". The header of a BMP picture begins with its own length.
        Ok(ImageFormat::Bmp) => matches!(
            bytes.get(14..18),
            Some([12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0])
        ),
        _ => false,
    };
    read || other_format(bytes).is_some()
}

/// Converts a decoder's error to an error of this module.
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
            found: printable(reason),
        },
        DecoderError::IoError(source) if source.kind() == ErrorKind::UnexpectedEof => {
            ImageError::Truncated { name, format }
        }
        other => ImageError::Damaged {
            name,
            format,
            // The message already names the format, so the reason is the decoder's source alone.
            reason: match other.source() {
                Some(reason) => printable(reason),
                None => printable(other),
            },
        },
    }
}

/// Converts an error of the careful JPEG decoder to an error of this module.
fn explain_jpeg(name: &str, format: &'static str, error: jpeg_decoder::Error) -> ImageError {
    use jpeg_decoder::Error as JpegError;
    let name = name.to_owned();
    match error {
        JpegError::Io(source) if source.kind() == ErrorKind::UnexpectedEof => {
            ImageError::Truncated { name, format }
        }
        JpegError::Unsupported(_) => ImageError::Unsupported {
            name,
            found: printable(error),
        },
        other => ImageError::Damaged {
            name,
            format,
            reason: printable(other),
        },
    }
}
