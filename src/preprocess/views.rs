//! The views of a picture that a network is tested on, in addition to the centre crop.

use std::fmt::{self, Display};

use image::imageops::flip_horizontal;

use super::geometry::{Placement, shorter_side};
use super::{MAX_CROP_SIDE, Preprocess, PreprocessError, RgbImage, resize};

/// The views of a picture that a network classifies. The final result is the mean of the views'
/// probabilities.
///
/// ```
/// use resnet_wgpu::{Preprocess, Views};
/// use resnet_wgpu::image::RgbImage;
///
/// let preprocess = Preprocess::imagenet(224)?;
/// let photo = RgbImage::new(400, 300);
/// assert_eq!(preprocess.views(&photo, &Views::TenCrop)?.len(), 10);
/// // The whole picture at two sizes, each followed by its mirror image.
/// let scales = Views::Scales(vec![150, 300]);
/// let views = preprocess.views(&photo, &scales)?;
/// assert_eq!((views.len(), views[0].dimensions()), (4, (200, 150)));
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Views {
    /// The centre crop alone.
    #[default]
    Centre,
    /// The centre crop and its mirror image.
    Mirrored,
    /// The four corners and the centre of the resized picture, then the same five crops of its
    /// mirror image. This is the standard 10-crop testing (Krizhevsky 2012, section 4.1; He 2015,
    /// section 3.4). Each crop equals that of torchvision's `TenCrop`.
    TenCrop,
    /// The whole picture and its mirror image, with the shorter side resized to each of these
    /// lengths in pixels. This is fully convolutional testing at several scales (He 2015, section
    /// 3.4). The network's global pooling accepts any height and width.
    Scales(Vec<u32>),
}

impl Views {
    /// Returns the number of views of a picture.
    pub fn count(&self) -> usize {
        match self {
            Self::Centre => 1,
            Self::Mirrored => 2,
            Self::TenCrop => 10,
            Self::Scales(scales) => 2 * scales.len(),
        }
    }

    /// Returns whether the views may have other sizes than the crop.
    pub fn any_size(&self) -> bool {
        matches!(self, Self::Scales(_))
    }
}

impl Display for Views {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Centre => f.write_str("the centre crop"),
            Self::Mirrored => f.write_str("the centre crop and its mirror image"),
            Self::TenCrop => f.write_str("10 crops"),
            Self::Scales(scales) => {
                let scales: Vec<String> = scales.iter().map(u32::to_string).collect();
                let many = if scales.len() == 1 { "" } else { "s" };
                let scales = scales.join(", ");
                write!(
                    f,
                    "the whole image and its mirror image, shorter side{many} {scales}"
                )
            }
        }
    }
}

impl Preprocess {
    /// Returns all views of a picture, 8-bit H×W×3. Each view has size `self.crop`, except that the
    /// views of [`Views::Scales`] keep the picture's aspect ratio.
    ///
    /// A mirror image follows its original. Only [`Views::TenCrop`] has another order, which is
    /// torchvision's: the four corners row by row from the top left, the centre, then the five
    /// crops of the mirrored picture.
    ///
    /// # Errors
    /// Those of [`Preprocess::crop_image`]; [`PreprocessError::Margin`] for ten crops of a picture
    /// whose resized size is smaller than a crop; [`PreprocessError::Scale`] for a view longer than
    /// [`MAX_CROP_SIDE`].
    pub fn views(&self, image: &RgbImage, views: &Views) -> Result<Vec<RgbImage>, PreprocessError> {
        match views {
            Views::Centre => Ok(vec![self.crop_image(image)?]),
            Views::Mirrored => Ok(mirrored([self.crop_image(image)?]).collect()),
            Views::TenCrop => self.ten_crops(image),
            Views::Scales(scales) => {
                let whole = scales.iter().map(|&scale| self.whole(image, scale));
                let whole = whole.collect::<Result<Vec<_>, _>>()?;
                Ok(mirrored(whole).collect())
            }
        }
    }

    fn ten_crops(&self, image: &RgbImage) -> Result<Vec<RgbImage>, PreprocessError> {
        self.check(image.dimensions())?;
        let resized = self.resized(image.dimensions());
        let (height, width) = self.crop;
        let spare = |resized: u64, crop: u32| resized.checked_sub(crop.into());
        let (Some(across), Some(down)) = (spare(resized.0, width), spare(resized.1, height)) else {
            return Err(PreprocessError::Margin {
                resized,
                crop: (width, height),
            });
        };
        let centre = (
            Placement::centre(resized.0, width, self.margin_rounding).start,
            Placement::centre(resized.1, height, self.margin_rounding).start,
        );
        let cut = |(left, top)| {
            let columns = Placement::at(left, width);
            let rows = Placement::at(top, height);
            resize::resize_and_crop(image, resized, columns, rows, self.interpolation)
        };
        let upright = [(0, 0), (across, 0), (0, down), (across, down), centre];
        // The crops of the mirrored picture. If the spare columns are an odd number, the centre
        // crop of the mirrored picture is not the mirror image of the picture's centre crop.
        let reflected = upright.map(|(left, top)| (across - left, top));
        let crops = upright.into_iter().map(cut);
        let mirrored = reflected.into_iter().map(|at| flip_horizontal(&cut(at)));
        Ok(crops.chain(mirrored).collect())
    }

    /// Returns the whole picture with its shorter side resized to `scale`.
    fn whole(&self, image: &RgbImage, scale: u32) -> Result<RgbImage, PreprocessError> {
        self.check(image.dimensions())?;
        let (width, height) = image.dimensions();
        let resized = shorter_side(width, height, scale);
        let side = |length: u64| {
            let admitted = (1..=u64::from(MAX_CROP_SIDE)).contains(&length);
            u32::try_from(length).ok().filter(|_| admitted)
        };
        let (Some(across), Some(down)) = (side(resized.0), side(resized.1)) else {
            return Err(PreprocessError::Scale { scale, resized });
        };
        let (columns, rows) = (Placement::at(0, across), Placement::at(0, down));
        let filter = self.interpolation;
        Ok(resize::resize_and_crop(
            image, resized, columns, rows, filter,
        ))
    }
}

/// Returns each image, followed by its mirror image.
fn mirrored(images: impl IntoIterator<Item = RgbImage>) -> impl Iterator<Item = RgbImage> {
    images.into_iter().flat_map(|image| {
        let other = flip_horizontal(&image);
        [image, other]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 7]))
    }

    #[test]
    fn ten_crops_are_where_torchvision_has_them() -> Result<(), PreprocessError> {
        // The image already has the target size, so the pixels show where each crop lies.
        let image = ramp(9, 6);
        let pre = Preprocess {
            resize: 6,
            crop: (4, 4),
            ..Preprocess::imagenet(4)?
        };
        let crops = pre.views(&image, &Views::TenCrop)?;
        let corners: Vec<_> = (crops.iter())
            .map(|crop| (crop.get_pixel(0, 0).0, crop.get_pixel(3, 0).0))
            .map(|(left, right)| (left[0], right[0], left[1]))
            .collect();
        // Expected values printed by torchvision's TenCrop(4) of a 9×6 image. The left column of
        // the centre crop is round(2.5) = 2 in both the picture and its mirror image.
        assert_eq!(
            corners,
            [
                (0, 3, 0),
                (5, 8, 0),
                (0, 3, 2),
                (5, 8, 2),
                (2, 5, 1),
                (8, 5, 0),
                (3, 0, 0),
                (8, 5, 2),
                (3, 0, 2),
                (6, 3, 1),
            ]
        );
        Ok(())
    }

    #[test]
    fn scales_keep_the_aspect_and_bound_the_size() -> Result<(), PreprocessError> {
        let pre = Preprocess::imagenet(224)?;
        let views = Views::Scales(vec![20, 30]);
        let made = pre.views(&ramp(40, 20), &views)?;
        assert_eq!(made.len(), views.count());
        let sizes: Vec<_> = made.iter().map(RgbImage::dimensions).collect();
        assert_eq!(sizes, [(40, 20), (40, 20), (60, 30), (60, 30)]);
        assert_eq!(made[0].get_pixel(3, 4), made[1].get_pixel(36, 4));
        let long = pre.views(&ramp(2, 200), &Views::Scales(vec![256]));
        assert!(matches!(
            long,
            Err(PreprocessError::Scale { scale: 256, .. })
        ));
        Ok(())
    }

    #[test]
    fn ten_crops_need_as_much_as_a_crop() -> Result<(), PreprocessError> {
        let pre = Preprocess {
            resize: 20,
            ..Preprocess::imagenet(24)?
        };
        let small = pre.views(&ramp(30, 30), &Views::TenCrop);
        assert!(matches!(small, Err(PreprocessError::Margin { .. })));
        assert_eq!(pre.views(&ramp(30, 30), &Views::Mirrored)?.len(), 2);
        Ok(())
    }
}
