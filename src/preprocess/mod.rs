//! Conversion of image files into the input values of a network.
//!
//! The steps are torchvision's evaluation transform on a Pillow image: `Resize → CenterCrop →
//! ToTensor → Normalize`. After the crop, the bytes equal Pillow's: [`Preprocess::crop_image`] uses
//! the fixed-point arithmetic of `Image.resize` in Pillow 13.
//!
//! ```
//! use resnet_wgpu::{ImageLimits, Preprocess, decode_file};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = std::path::Path::new("photos/chelsea.png");
//! let photo = decode_file(path, &ImageLimits::default())?;
//! let pre = Preprocess::imagenet(224)?;
//! let crop = pre.crop_image(&photo)?;
//! let mut input = vec![0.0; pre.input_len()];
//! pre.normalize_into(&crop, &mut input)?;
//! # Ok(())
//! # }
//! ```

mod decode;
mod error;
mod geometry;
mod interpolation;
mod jpeg;
mod normalize;
mod region;
mod resize;
mod sampling;
mod taps;
#[cfg(test)]
mod tests;
mod to_rgb;
mod views;

pub use decode::{ImageLimits, decode_bytes, decode_file, has_image_signature};
pub use error::{ImageError, PreprocessError};
pub use image::RgbImage;
pub use interpolation::Interpolation;
pub use normalize::PADDED_CHANNELS;
pub(crate) use normalize::{levels, rgb8};
pub use region::Region;
pub(crate) use sampling::Sampling;
pub(crate) use to_rgb::to_rgb;
pub use views::Views;

use crate::tensor::Tensor;
pub use geometry::MarginRounding;
use geometry::{Placement, shorter_side};

/// Means of the red, green and blue channels of ImageNet, on a scale from 0 to 1.
pub const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];

/// Standard deviations of the red, green and blue channels of ImageNet, on a scale from 0 to 1.
pub const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// Fraction of the shorter side that the centre crop keeps by default: 224 of 256 pixels.
pub const DEFAULT_CROP_PCT: f64 = 0.875;

/// Longest side, in pixels, that a crop may have.
///
/// This limit bounds the memory that a hostile configuration can make this module allocate.
pub const MAX_CROP_SIDE: u32 = 8192;

/// Configuration of the conversion from an image of any size to a network's input.
///
/// The fields are public so that an application can build a configuration by hand. Every method
/// checks the fields first (see [`Preprocess::validate`]).
///
/// ```
/// use resnet_wgpu::Preprocess;
/// use resnet_wgpu::image::RgbImage;
///
/// let preprocess = Preprocess::imagenet(224)?;
/// assert_eq!((preprocess.resize, preprocess.crop), (256, (224, 224)));
/// let crop = preprocess.crop_image(&RgbImage::new(640, 480))?;
/// assert_eq!(crop.dimensions(), (224, 224));
/// let mut input = vec![0.0; preprocess.input_len()];
/// preprocess.normalize_into(&crop, &mut input)?;
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Preprocess {
    /// Length in pixels of the image's shorter side after the resize.
    pub resize: u32,
    /// Height and width in pixels of the centre crop, which is the network's input. If the crop
    /// exceeds the resized image, the rest of the crop is black, as in torchvision.
    pub crop: (u32, u32),
    /// Resizes to exactly `crop` and ignores the image's aspect ratio; `resize` then has no effect.
    /// The processors of `transformers` that do not crop work this way.
    pub squash: bool,
    /// Rounding of the crop's offset if the margin is odd.
    pub margin_rounding: MarginRounding,
    /// Filter of the resize.
    pub interpolation: Interpolation,
    /// Means of red, green and blue that are subtracted, on a scale from 0 to 1.
    pub mean: [f32; 3],
    /// Standard deviations of red, green and blue that the values are divided by.
    pub std: [f32; 3],
}

impl Preprocess {
    /// Returns ImageNet's usual evaluation transform for a square input of `size` pixels. The
    /// transform is bilinear, with crop fraction 0.875 and ImageNet's means and standard
    /// deviations. `imagenet(224)` resizes the shorter side to 256.
    ///
    /// # Errors
    /// [`PreprocessError::Field`] if `size` is 0 or above [`MAX_CROP_SIDE`].
    pub fn imagenet(size: u32) -> Result<Self, PreprocessError> {
        Self::imagenet_with(size, DEFAULT_CROP_PCT, Interpolation::Bilinear)
    }

    /// Returns the transform of [`Preprocess::imagenet`] with a checkpoint's own crop fraction and
    /// filter. The shorter side becomes `floor(size / crop_pct)`, which is timm's rule.
    ///
    /// # Errors
    /// [`PreprocessError::Field`] if `size` is 0 or above [`MAX_CROP_SIDE`], if `crop_pct` is not
    /// above 0, or if `crop_pct` is so small that the quotient overflows.
    pub fn imagenet_with(
        size: u32,
        crop_pct: f64,
        interpolation: Interpolation,
    ) -> Result<Self, PreprocessError> {
        let resize = (f64::from(size) / crop_pct).floor();
        // The comparison is written this way so that it also rejects NaN.
        if !(crop_pct > 0.0 && resize <= f64::from(u32::MAX)) {
            return Err(PreprocessError::field(
                "crop_pct",
                "a fraction above 0, such as 0.875",
                crop_pct,
            ));
        }
        let this = Self {
            resize: resize as u32,
            crop: (size, size),
            squash: false,
            margin_rounding: MarginRounding::default(),
            interpolation,
            mean: IMAGENET_MEAN,
            std: IMAGENET_STD,
        };
        this.validate()?;
        Ok(this)
    }

    /// Checks the fields: sizes are above 0, the crop is at most [`MAX_CROP_SIDE`], means are
    /// finite, and standard deviations are finite and above 0.
    ///
    /// # Errors
    /// [`PreprocessError::Field`] names the first field that fails.
    pub fn validate(&self) -> Result<(), PreprocessError> {
        for (name, length) in [("crop height", self.crop.0), ("crop width", self.crop.1)] {
            if length == 0 || length > MAX_CROP_SIDE {
                let expected = format!("a length in pixels from 1 to {MAX_CROP_SIDE}");
                return Err(PreprocessError::field(name, expected, length));
            }
        }
        if self.resize == 0 {
            return Err(PreprocessError::field(
                "resize",
                "a length in pixels above 0",
                self.resize,
            ));
        }
        for value in self.mean {
            if !value.is_finite() {
                return Err(PreprocessError::field("mean", "a finite number", value));
            }
        }
        for value in self.std {
            if !(value.is_normal() && value > 0.0) {
                let expected = "a finite number above 0 that can be divided by";
                return Err(PreprocessError::field("std", expected, value));
            }
        }
        Ok(())
    }

    /// Returns the number of `f32` values in one image's input: height × width × 4.
    pub fn input_len(&self) -> usize {
        self.crop.0 as usize * self.crop.1 as usize * PADDED_CHANNELS
    }

    /// Resizes the shorter side and cuts out the centre. Returns the 8-bit H×W×3 crop that the
    /// network sees, of size `self.crop`.
    ///
    /// Each byte equals that of torchvision's `CenterCrop(crop)(Resize(resize)(img))` on a Pillow
    /// image. Only the part inside the crop is computed. The size of the crop therefore bounds the
    /// memory, even for a very long and thin image.
    ///
    /// # Errors
    /// [`PreprocessError::Field`] from [`Preprocess::validate`]; [`PreprocessError::EmptyImage`]
    /// for an image without pixels.
    pub fn crop_image(&self, image: &RgbImage) -> Result<RgbImage, PreprocessError> {
        self.check(image.dimensions())?;
        let resized = self.resized(image.dimensions());
        let columns = Placement::centre(resized.0, self.crop.1, self.margin_rounding);
        let rows = Placement::centre(resized.1, self.crop.0, self.margin_rounding);
        Ok(resize::resize_and_crop(
            image,
            resized,
            columns,
            rows,
            self.interpolation,
        ))
    }

    /// Returns the width and height to which an image of the given width and height is resized
    /// before the crop.
    fn resized(&self, (width, height): (u32, u32)) -> (u64, u64) {
        if self.squash {
            (u64::from(self.crop.1), u64::from(self.crop.0))
        } else {
            shorter_side(width, height, self.resize)
        }
    }

    /// Checks that the configuration is valid and that the image has pixels.
    fn check(&self, (width, height): (u32, u32)) -> Result<(), PreprocessError> {
        self.validate()?;
        if width == 0 || height == 0 {
            Err(PreprocessError::EmptyImage { width, height })
        } else {
            Ok(())
        }
    }

    /// Prepares a picture as a tensor for [`Session::run`](crate::Session::run). The picture is
    /// resized, cropped and normalised, and the tensor has shape `[1, H, W, 3]`.
    ///
    /// ```
    /// use resnet_wgpu::{Device, Model, Session, decode_file};
    ///
    /// let model = Model::embedded()?;
    /// let preprocess = model.preprocess(&Default::default())?;
    /// let photo = decode_file("photos/chelsea.png", &Default::default())?;
    /// let session = Session::new(Device::Cpu, &model, &Default::default())?;
    /// let outputs = session.run(&preprocess.tensor(&photo)?)?;
    /// assert_eq!(outputs.logits.shape(), [1, 10]);
    /// # Ok::<(), resnet_wgpu::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Preprocess::crop_image`].
    pub fn tensor(&self, image: &RgbImage) -> Result<Tensor, PreprocessError> {
        let crop = self.crop_image(image)?;
        let (h, w) = (crop.height() as usize, crop.width() as usize);
        let mut values = Vec::with_capacity(3 * h * w);
        rgb8(crop.as_raw(), &self.mean, &self.std, &mut values);
        Ok(Tensor::from_fn([1, h, w, 3], |i| values[i]))
    }

    /// Writes `(value / 255 − mean) / std` as H×W×4, the layout of the GPU's input. The fourth
    /// channel is padding and always 0.
    ///
    /// # Errors
    /// [`PreprocessError::Field`] from [`Preprocess::validate`]; [`PreprocessError::BufferLength`]
    /// unless `out` holds width × height × 4 values.
    pub fn normalize_into(&self, image: &RgbImage, out: &mut [f32]) -> Result<(), PreprocessError> {
        self.validate()?;
        normalize::nhwc4(image, &self.mean, &self.std, out)
    }

    /// Returns the normalised values in PyTorch's layout, 3×H×W. The layout serves comparisons with
    /// PyTorch and the CPU reference.
    ///
    /// # Errors
    /// [`PreprocessError::Field`] from [`Preprocess::validate`].
    pub fn normalize_nchw(&self, image: &RgbImage) -> Result<Vec<f32>, PreprocessError> {
        self.validate()?;
        Ok(normalize::nchw(image, &self.mean, &self.std))
    }
}
