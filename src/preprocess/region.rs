//! The part of a picture that the network sees.

use super::geometry::Placement;
use super::{Preprocess, PreprocessError};

/// A rectangle of a picture, in pixels of the original picture. The values may be fractions because
/// the crop is cut from the resized picture.
///
/// ```
/// use resnet_wgpu::Preprocess;
///
/// let seen = Preprocess::imagenet(224)?.region(512, 256)?;
/// assert_eq!((seen.left, seen.top), (144.0, 16.0));
/// assert_eq!((seen.width, seen.height), (224.0, 224.0));
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// Pixels to the left of the region; negative if the crop is wider than the picture.
    pub left: f64,
    /// Pixels above the region; negative if the crop is taller than the picture.
    pub top: f64,
    /// Width of the region in pixels.
    pub width: f64,
    /// Height of the region in pixels.
    pub height: f64,
}

impl Preprocess {
    /// Returns the region of the centre crop in a picture of the given width and height. An
    /// application can use the region to show in the picture what the network finds in the crop.
    ///
    /// # Errors
    /// As [`Preprocess::crop_image`].
    pub fn region(&self, width: u32, height: u32) -> Result<Region, PreprocessError> {
        self.check((width, height))?;
        let resized = self.resized((width, height));
        let along = |length: u32, resized: u64, crop: u32| {
            let placed = Placement::centre(resized, crop, self.margin_rounding);
            let scale = f64::from(length) / resized as f64;
            let start = placed.start as f64 - f64::from(placed.before);
            (start * scale, f64::from(crop) * scale)
        };
        let (left, across) = along(width, resized.0, self.crop.1);
        let (top, down) = along(height, resized.1, self.crop.0);
        Ok(Region {
            left,
            top,
            width: across,
            height: down,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crop_lies_in_the_picture() -> Result<(), PreprocessError> {
        let pre = Preprocess::imagenet(224)?;
        let seen = pre.region(512, 256)?;
        assert_eq!((seen.left, seen.top), (144.0, 16.0));
        assert_eq!((seen.width, seen.height), (224.0, 224.0));
        // A picture of twice the size: the region covers the same part, in twice as many pixels.
        assert_eq!(pre.region(1024, 512)?.left, 288.0);
        let small = Preprocess {
            resize: 100,
            ..pre.clone()
        };
        assert_eq!(small.region(200, 200)?.left, -124.0);
        let squashed = Preprocess {
            squash: true,
            ..pre
        };
        let all = squashed.region(640, 480)?;
        assert_eq!((all.left, all.width, all.height), (0.0, 640.0, 480.0));
        assert!(squashed.region(0, 4).is_err());
        Ok(())
    }
}
