//! The two resampling filters that ImageNet checkpoints are evaluated with.

use std::fmt;
use std::str::FromStr;

use super::PreprocessError;

/// Filter of an antialiased resize, as Pillow defines it.
///
/// ```
/// use resnet_wgpu::{Interpolation, Preprocess};
///
/// let filter: Interpolation = "bicubic".parse()?;
/// let preprocess = Preprocess::imagenet_with(224, 0.95, filter)?;
/// assert_eq!(preprocess.interpolation, Interpolation::Bicubic);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Interpolation {
    /// Triangle filter: Pillow's `BILINEAR` and torchvision's default.
    #[default]
    Bilinear,
    /// Cubic filter with a = −0.5: Pillow's `BICUBIC` and timm's usual choice.
    Bicubic,
}

impl Interpolation {
    /// Returns half the filter's width. If the image shrinks, the unit is one output pixel.
    pub(super) fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    /// Returns the filter's weight at distance `x` from the centre. The order of operations is that
    /// of `bilinear_filter` and `bicubic_filter` in Pillow's `Resample.c`, so that the weights
    /// round as Pillow's do.
    pub(super) fn weight(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let x = x.abs();
        match self {
            Self::Bilinear if x < 1.0 => 1.0 - x,
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            _ => 0.0,
        }
    }
}

impl fmt::Display for Interpolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bilinear => "bilinear",
            Self::Bicubic => "bicubic",
        })
    }
}

impl FromStr for Interpolation {
    type Err = PreprocessError;

    /// Reads `bilinear` or `bicubic`, in upper or lower case.
    fn from_str(name: &str) -> Result<Self, PreprocessError> {
        match name.to_ascii_lowercase().as_str() {
            "bilinear" => Ok(Self::Bilinear),
            "bicubic" => Ok(Self::Bicubic),
            _ => Err(PreprocessError::Interpolation {
                found: name.escape_default().to_string(),
            }),
        }
    }
}
