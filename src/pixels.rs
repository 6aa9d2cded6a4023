//! Rows of pixels in the host's memory, and errors of inputs that do not match their description.

use crate::preprocess::RgbImage;

/// Rows of pixels with 8-bit channels in the host's memory.
///
/// ```
/// use resnet_wgpu::{PixelFormat, Pixels};
///
/// // Each row has a blue pixel, a red pixel, and four bytes of padding before the next row.
/// let row = [255u8, 0, 0, 255, 0, 0, 255, 255, 0, 0, 0, 0];
/// let frame = row.repeat(2);
/// let pixels = Pixels {
///     bytes_per_row: 12,
///     ..Pixels::packed(&frame, 2, 2, PixelFormat::Bgra8)
/// };
/// assert_eq!(pixels.to_rgb()?.get_pixel(1, 1).0, [255, 0, 0]);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pixels<'a> {
    /// Bytes of all rows, from the top.
    pub data: &'a [u8],
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Bytes from the start of one row to the start of the next.
    pub bytes_per_row: usize,
    /// Order of a pixel's bytes.
    pub format: PixelFormat,
}

/// Order of the bytes of a pixel; alpha is dropped.
///
/// ```
/// use resnet_wgpu::{PixelFormat, Pixels};
///
/// let pixel = [10u8, 20, 30, 255];
/// let rgba = Pixels::packed(&pixel, 1, 1, PixelFormat::Rgba8).to_rgb()?;
/// let bgra = Pixels::packed(&pixel, 1, 1, PixelFormat::Bgra8).to_rgb()?;
/// assert_eq!(rgba.into_raw(), [10, 20, 30]);
/// assert_eq!(bgra.into_raw(), [30, 20, 10]);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PixelFormat {
    /// Red, green, blue.
    Rgb8,
    /// Red, green, blue, alpha.
    Rgba8,
    /// Blue, green, red, alpha.
    Bgra8,
}

impl PixelFormat {
    /// Returns the number of bytes of a pixel.
    pub fn bytes(self) -> usize {
        match self {
            Self::Rgb8 => 3,
            Self::Rgba8 | Self::Bgra8 => 4,
        }
    }
}

impl<'a> Pixels<'a> {
    /// Describes `[height][width][3]` bytes of red, green and blue, without gaps.
    pub fn rgb(data: &'a [u8], width: u32, height: u32) -> Self {
        Self::packed(data, width, height, PixelFormat::Rgb8)
    }

    /// Describes `[height][width][4]` bytes of red, green, blue and alpha, without gaps.
    pub fn rgba(data: &'a [u8], width: u32, height: u32) -> Self {
        Self::packed(data, width, height, PixelFormat::Rgba8)
    }

    /// Describes pixels without gaps between the rows.
    pub fn packed(data: &'a [u8], width: u32, height: u32, format: PixelFormat) -> Self {
        Self {
            data,
            width,
            height,
            bytes_per_row: (width as usize).saturating_mul(format.bytes()),
            format,
        }
    }

    /// Converts the picture to red, green and blue.
    ///
    /// # Errors
    /// [`InputError::Pixels`] if there are fewer bytes than the size needs, or more bytes although
    /// the rows have no gaps. The most likely cause is that the picture has another format.
    pub fn to_rgb(&self) -> Result<RgbImage, InputError> {
        let bytes = self.format.bytes();
        let rows = match self.width {
            0 => 0,
            _ => self.height as usize,
        };
        let row = (self.width as usize).checked_mul(bytes);
        let needed = row.and_then(|row| {
            let before = rows.saturating_sub(1).checked_mul(self.bytes_per_row)?;
            before.checked_add(if rows == 0 { 0 } else { row })
        });
        let row = row.filter(|row| self.bytes_per_row >= *row);
        // If the rows have gaps, `data` may continue after the picture's last pixel.
        let found = self.data.len();
        let fits = |needed: &usize| {
            if row == Some(self.bytes_per_row) {
                *needed == found
            } else {
                *needed <= found
            }
        };
        let (Some(row), Some(_)) = (row, needed.filter(fits)) else {
            return Err(InputError::Pixels {
                width: self.width,
                height: self.height,
                format: self.format,
                bytes_per_row: self.bytes_per_row,
                found,
            });
        };
        let mut rgb = Vec::with_capacity(row / bytes * rows * 3);
        for y in 0..rows {
            let from = y * self.bytes_per_row;
            let row = &self.data[from..from + row];
            match self.format {
                PixelFormat::Rgb8 => rgb.extend_from_slice(row),
                PixelFormat::Rgba8 => {
                    rgb.extend(row.as_chunks().0.iter().flat_map(|&[r, g, b, _]| [r, g, b]))
                }
                PixelFormat::Bgra8 => {
                    rgb.extend(row.as_chunks().0.iter().flat_map(|&[b, g, r, _]| [r, g, b]))
                }
            }
        }
        // The loop has written the number of bytes that the size needs, so `from_raw` succeeds.
        Ok(RgbImage::from_raw(self.width, self.height, rgb).unwrap_or_default())
    }
}

/// An error of an input that does not match its description.
///
/// ```
/// use resnet_wgpu::Pixels;
/// use resnet_wgpu::low_level::classify::InputError;
///
/// let half = [0u8; 6];
/// let error = Pixels::rgb(&half, 2, 2).to_rgb().unwrap_err();
/// assert!(matches!(error, InputError::Pixels { found: 6, .. }));
/// assert!(error.to_string().contains("give the size of the whole picture"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The data has fewer bytes than the picture's size needs, or more bytes although the rows have
    /// no gaps, or the rows overlap.
    #[error(
        "pixels: expected {width}x{height} pixels of {format:?} in rows of {bytes_per_row} bytes, \
         found {found} bytes; give the size of the whole picture, the format that it has, and rows \
         no shorter than its width"
    )]
    Pixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Order of a pixel's bytes.
        format: PixelFormat,
        /// Bytes from the start of one row to the start of the next.
        bytes_per_row: usize,
        /// Number of bytes in the data.
        found: usize,
    },
    /// The picture has floating-point pixels, whose scale is unknown.
    #[error("picture: expected 8-bit or 16-bit pixels, found {0}; convert it to 8-bit RGB")]
    Float(String),
    /// The tensor has an unsupported shape.
    #[error(
        "tensor: expected shape [1, H, W, 3], found {0:?}; `Tensor::nchw_to_nhwc` converts PyTorch's order"
    )]
    Tensor(Vec<usize>),
    /// The input has floating-point values, but a recorder accepts only bytes.
    #[error("expected a picture for a recorder, found a tensor; call `start` or `classify` for it")]
    NotRecorded,
    /// The picture has several views, but only one view is supported here.
    #[error(
        "expected one view of a picture, found {0}; set up a classifier with `Views::Centre`, or \
         call `classify` on a picture in the host's memory"
    )]
    Views(usize),
}
