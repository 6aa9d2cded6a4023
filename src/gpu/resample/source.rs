//! Pictures that are already on the device.

/// The order of a pixel's four bytes in a buffer.
///
/// ```
/// use resnet_wgpu::ByteOrder;
/// use resnet_wgpu::wgpu::TextureFormat::{self, Bgra8Unorm, Bgra8UnormSrgb};
///
/// // The byte order of a buffer that a texture was copied to.
/// fn order(format: TextureFormat) -> ByteOrder {
///     match format {
///         Bgra8Unorm | Bgra8UnormSrgb => ByteOrder::Bgra,
///         _ => ByteOrder::Rgba,
///     }
/// }
/// assert_eq!(order(Bgra8UnormSrgb), ByteOrder::Bgra);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Red, green, blue, alpha.
    Rgba,
    /// Blue, green, red, alpha.
    Bgra,
}

/// A rectangle of pixels, counted from the upper left corner.
///
/// ```
/// use resnet_wgpu::PixelRect;
///
/// // The square in the middle of a frame of 640×480 pixels.
/// let square = PixelRect { x: (640 - 480) / 2, y: 0, width: 480, height: 480 };
/// assert_eq!(square.x + square.width + 80, 640);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PixelRect {
    /// Columns left of the rectangle.
    pub x: u32,
    /// Rows above the rectangle.
    pub y: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// A texture or a part of a texture: mip level 0, layer 0. Alpha is ignored, as in
/// `Image.convert("RGB")` of Pillow.
///
/// The network reads the bytes of `Rgba8Unorm` and `Bgra8Unorm` unchanged, as if from an image
/// file. Shaders read `Rgba8UnormSrgb` and `Bgra8UnormSrgb` as linear light; these values are
/// encoded as sRGB again, within 1/255 of the original.
///
/// The texture must belong to the classifier's own device: the device that was passed to
/// [`Gpu::from_device`](crate::Gpu::from_device), or [`Gpu::device`](crate::Gpu::device). A texture
/// of another device of the same [`wgpu::Instance`] is an error. wgpu cannot always detect a
/// texture of another instance, and a different picture may be read.
///
/// ```no_run
/// # use resnet_wgpu::{Classifier, wgpu};
/// use resnet_wgpu::{PixelRect, TextureSource};
///
/// # fn example(classifier: &Classifier, frame: &wgpu::Texture) -> Result<(), resnet_wgpu::Error> {
/// // The left half of a frame. For a whole frame, pass the texture itself to `classify`.
/// let left = PixelRect { x: 0, y: 0, width: frame.width() / 2, height: frame.height() };
/// let source = TextureSource { texture: frame, region: Some(left) };
/// let best = classifier.classify(source, 5)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextureSource<'a> {
    /// A two-dimensional texture of the classifier's device, with one sample and with usage
    /// [`wgpu::TextureUsages::TEXTURE_BINDING`].
    pub texture: &'a wgpu::Texture,
    /// The part of the texture that is the picture. `None` means the whole texture.
    pub region: Option<PixelRect>,
}

/// Pixels in a buffer, four bytes each, as written by `CommandEncoder::copy_texture_to_buffer`.
/// Alpha is ignored.
///
/// ```no_run
/// # use resnet_wgpu::{Classifier, wgpu};
/// use resnet_wgpu::{BufferSource, ByteOrder};
///
/// # fn example(classifier: &Classifier, buffer: &wgpu::Buffer) -> Result<(), resnet_wgpu::Error> {
/// let source = BufferSource {
///     buffer,
///     offset: 0,
///     bytes_per_row: 2560,
///     width: 640,
///     height: 480,
///     order: ByteOrder::Bgra,
/// };
/// let best = classifier.classify(source, 5)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BufferSource<'a> {
    /// A buffer of the classifier's own device (see [`TextureSource`]), with usage
    /// [`wgpu::BufferUsages::STORAGE`].
    pub buffer: &'a wgpu::Buffer,
    /// Bytes before the first pixel, a multiple of 4.
    pub offset: u64,
    /// Bytes from one row to the next: a multiple of 4, and at least four times the width.
    pub bytes_per_row: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The order of a pixel's bytes.
    pub order: ByteOrder,
}

/// An error of a texture or buffer that is not a valid picture, or that cannot be bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A texture with an unsupported format.
    #[error(
        "texture: expected Rgba8Unorm, Bgra8Unorm, Rgba8UnormSrgb or Bgra8UnormSrgb, found \
         {0:?}; copy it to one of these"
    )]
    Format(wgpu::TextureFormat),
    /// A texture that is not a single two-dimensional picture.
    #[error(
        "texture: expected two dimensions and one sample, found {dimension:?} and {samples} \
         samples; resolve or copy it first"
    )]
    Shape {
        /// The texture's dimension.
        dimension: wgpu::TextureDimension,
        /// The texture's number of samples.
        samples: u32,
    },
    /// A texture or buffer without the usage that a kernel needs to read it.
    #[error("{what}: expected it to be made with usage {usage}, found {found}; add that usage")]
    Usage {
        /// The word "texture" or "buffer".
        what: &'static str,
        /// The usage that is missing.
        usage: &'static str,
        /// The usages that the texture or buffer has.
        found: String,
    },
    /// A region that exceeds the texture, or that has no pixels.
    #[error(
        "texture: expected a region within {width}x{height} pixels, found {}x{} at {}, {}",
        region.width, region.height, region.x, region.y
    )]
    Region {
        /// The texture's width.
        width: u32,
        /// The texture's height.
        height: u32,
        /// The region.
        region: PixelRect,
    },
    /// An offset or row length that is not a multiple of 4 bytes, a row that is too short, or a
    /// buffer that is too short.
    #[error("buffer: expected {expected}, found {found}")]
    Layout {
        /// The requirement.
        expected: String,
        /// The value found.
        found: u64,
    },
    /// A texture or buffer that cannot be bound.
    #[error(
        "the device cannot bind the texture or buffer: {0}; pass one of the classifier's own device \
         that is neither destroyed nor mapped"
    )]
    Refused(String),
    /// A texture or buffer of another `wgpu::Instance`.
    #[error(
        "the texture or buffer belongs to another `wgpu::Instance` than the network's device; set \
         the network up on the application's own device (`Gpu::from_device`), or make it on the \
         network's (`Gpu::device`)"
    )]
    OtherInstance,
    /// A picture that needs more workgroups than one dispatch may have.
    #[error(
        "picture of {width}x{height} pixels: {needed} workgroups are needed to resize it, and this \
         device dispatches at most {limit}; make it smaller, or pass a region"
    )]
    TooManyGroups {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Workgroups that are needed along one dimension.
        needed: u32,
        /// Workgroups that the device can dispatch along one dimension.
        limit: u32,
    },
    /// A picture that needs a larger binding than the device allows.
    #[error(
        "picture of {width}x{height} pixels: {needed} bytes are needed to resize it, and this \
         device binds at most {limit}; make it smaller, or pass a region"
    )]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Bytes that are needed.
        needed: u64,
        /// Bytes that the device can bind.
        limit: u64,
    },
}

impl TextureSource<'_> {
    /// Returns the region, or an error if the texture cannot be read.
    pub(super) fn checked(&self) -> Result<PixelRect, SourceError> {
        let (texture, format) = (self.texture, self.texture.format());
        use wgpu::TextureFormat::{Bgra8Unorm, Bgra8UnormSrgb, Rgba8Unorm, Rgba8UnormSrgb};
        if ![Rgba8Unorm, Bgra8Unorm, Rgba8UnormSrgb, Bgra8UnormSrgb].contains(&format) {
            return Err(SourceError::Format(format));
        }
        let (dimension, samples) = (texture.dimension(), texture.sample_count());
        if dimension != wgpu::TextureDimension::D2 || samples != 1 {
            return Err(SourceError::Shape { dimension, samples });
        }
        if !texture
            .usage()
            .contains(wgpu::TextureUsages::TEXTURE_BINDING)
        {
            return Err(SourceError::Usage {
                what: "texture",
                usage: "TEXTURE_BINDING",
                found: format!("{:?}", texture.usage()),
            });
        }
        let (width, height) = (texture.width(), texture.height());
        let region = self.region.unwrap_or(PixelRect {
            x: 0,
            y: 0,
            width,
            height,
        });
        let fits = |at: u32, length: u32, of: u32| {
            length > 0 && at.checked_add(length).is_some_and(|end| end <= of)
        };
        if fits(region.x, region.width, width) && fits(region.y, region.height, height) {
            Ok(region)
        } else {
            Err(SourceError::Region {
                width,
                height,
                region,
            })
        }
    }
}

impl BufferSource<'_> {
    /// Checks that the buffer can be read, and returns the number of bytes that the picture spans.
    pub(super) fn checked(&self) -> Result<u64, SourceError> {
        let (row, width) = (u64::from(self.bytes_per_row), u64::from(self.width));
        let wrong = |expected: String, found| Err(SourceError::Layout { expected, found });
        if !self.buffer.usage().contains(wgpu::BufferUsages::STORAGE) {
            return Err(SourceError::Usage {
                what: "buffer",
                usage: "STORAGE",
                found: format!("{:?}", self.buffer.usage()),
            });
        }
        if !self.offset.is_multiple_of(4) {
            return wrong("an offset of whole words of 4 bytes".into(), self.offset);
        }
        if !row.is_multiple_of(4) || row < 4 * width {
            let least = 4 * width;
            return wrong(format!("rows of whole words, {least} bytes or more"), row);
        }
        let span = row * u64::from(self.height.saturating_sub(1)) + 4 * width;
        match self.offset.checked_add(span) {
            Some(end) if end <= self.buffer.size() => Ok(span),
            _ => wrong(
                format!("{span} bytes from byte {}", self.offset),
                self.buffer.size(),
            ),
        }
    }
}
