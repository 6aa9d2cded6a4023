//! Pictures that are on the device already.

/// Order of a pixel's four bytes in a buffer.
///
/// ```
/// use resnet_wgpu::ByteOrder;
/// use resnet_wgpu::wgpu::TextureFormat::{self, Bgra8Unorm, Bgra8UnormSrgb};
///
/// // Of a buffer that a texture was copied to.
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
    /// Columns left of it.
    pub x: u32,
    /// Rows above it.
    pub y: u32,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// A texture, or a part of one: level 0, layer 0. Alpha is ignored, as
/// `Image.convert("RGB")` of Pillow does.
///
/// The network reads the bytes of `Rgba8Unorm` and `Bgra8Unorm` as they are, as if
/// from an image file; the values of `Rgba8UnormSrgb` and `Bgra8UnormSrgb`, which
/// shaders read as linear light, are encoded again, within 1/255.
///
/// It must be of the classifier's own device: of one that
/// [`Gpu::from_device`](crate::Gpu::from_device) was given, or made with
/// [`Gpu::device`](crate::Gpu::device). Another device of the same [`wgpu::Instance`]
/// is an error; of another instance wgpu cannot always tell, and another picture may
/// be read.
///
/// ```no_run
/// # use resnet_wgpu::{Classifier, wgpu};
/// use resnet_wgpu::{PixelRect, TextureSource};
///
/// # fn example(classifier: &Classifier, frame: &wgpu::Texture) -> Result<(), resnet_wgpu::Error> {
/// // The left half of a frame; for all of it, `classify` takes the texture itself.
/// let left = PixelRect { x: 0, y: 0, width: frame.width() / 2, height: frame.height() };
/// let source = TextureSource { texture: frame, region: Some(left) };
/// let best = classifier.classify(source, 5)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextureSource<'a> {
    /// With [`wgpu::TextureUsages::TEXTURE_BINDING`], of the classifier's
    /// device, in two dimensions, with one sample.
    pub texture: &'a wgpu::Texture,
    /// The part of it that is the picture; all by default.
    pub region: Option<PixelRect>,
}

/// Pixels in a buffer, four bytes each, as
/// `CommandEncoder::copy_texture_to_buffer` leaves them. Alpha is ignored.
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
    /// With [`wgpu::BufferUsages::STORAGE`], of the classifier's own device, as
    /// [`TextureSource`] says.
    pub buffer: &'a wgpu::Buffer,
    /// Bytes before the first pixel, a multiple of 4.
    pub offset: u64,
    /// Bytes from one row to the next: a multiple of 4, and four times the width or
    /// more.
    pub bytes_per_row: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Order of a pixel's bytes.
    pub order: ByteOrder,
}

/// A texture or buffer that is no picture, or that cannot be bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A texture that is read otherwise.
    #[error(
        "texture: expected Rgba8Unorm, Bgra8Unorm, Rgba8UnormSrgb or Bgra8UnormSrgb, found \
         {0:?}; copy it to one of these"
    )]
    Format(wgpu::TextureFormat),
    /// A texture that is not one flat picture.
    #[error(
        "texture: expected two dimensions and one sample, found {dimension:?} and {samples} \
         samples; resolve or copy it first"
    )]
    Shape {
        /// Its dimension.
        dimension: wgpu::TextureDimension,
        /// Its samples.
        samples: u32,
    },
    /// A texture or buffer made without what a kernel needs to read it.
    #[error("{what}: expected it to be made with usage {usage}, found {found}; add that usage")]
    Usage {
        /// Texture or buffer.
        what: &'static str,
        /// What it lacks.
        usage: &'static str,
        /// What it has.
        found: String,
    },
    /// A region that does not lie in the texture, or has no pixels.
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
    /// An offset or a length of rows that is not whole words, or rows that are too
    /// short, or a buffer that is.
    #[error("buffer: expected {expected}, found {found}")]
    Layout {
        /// What it must be.
        expected: String,
        /// What it is.
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
    /// A picture too long for a pass over it.
    #[error(
        "picture of {width}x{height} pixels: {needed} workgroups are needed to resize it, and this \
         device dispatches at most {limit}; make it smaller, or pass a region"
    )]
    TooManyGroups {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Workgroups along a dimension.
        needed: u32,
        /// Workgroups that the device dispatches.
        limit: u32,
    },
    /// A picture too large for a pass over it.
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
        /// Bytes that the device binds.
        limit: u64,
    },
}

impl TextureSource<'_> {
    /// The region, if it can be read.
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
        match fits(region.x, region.width, width) && fits(region.y, region.height, height) {
            true => Ok(region),
            false => Err(SourceError::Region {
                width,
                height,
                region,
            }),
        }
    }
}

impl BufferSource<'_> {
    /// Checks that it can be read, and gives the bytes that it spans.
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
