//! Conversion of any decoded pixel layout to 8-bit RGB.

use std::borrow::Cow;

use image::DynamicImage;

use super::RgbImage;

/// Converts as Pillow's `convert("RGB")` does: gray is repeated, and alpha is dropped without
/// compositing. A 16-bit channel keeps its high byte, as Pillow does when it reads 16-bit colour.
/// For 16-bit *gray*, Pillow's `convert` clips all values above 255 to white. This function keeps
/// the high byte there, too, because the picture then stays visible.
///
/// Returns `None` for floating-point pixels, because a file does not state their scale.
pub(crate) fn to_rgb(image: Cow<'_, DynamicImage>) -> Option<Cow<'_, RgbImage>> {
    let image = match image {
        Cow::Owned(DynamicImage::ImageRgb8(image)) => return Some(Cow::Owned(image)),
        Cow::Borrowed(DynamicImage::ImageRgb8(image)) => return Some(Cow::Borrowed(image)),
        Cow::Owned(ref image) => image,
        Cow::Borrowed(image) => image,
    };
    let (width, height) = (image.width(), image.height());
    let rgb = match image {
        DynamicImage::ImageLuma8(i) => map::<1, _>(i, |[l]| [l; 3]),
        DynamicImage::ImageLumaA8(i) => map::<2, _>(i, |[l, _]| [l; 3]),
        DynamicImage::ImageRgba8(i) => map::<4, _>(i, |[r, g, b, _]| [r, g, b]),
        DynamicImage::ImageLuma16(i) => map::<1, _>(i, |[l]| [high(l); 3]),
        DynamicImage::ImageLumaA16(i) => map::<2, _>(i, |[l, _]| [high(l); 3]),
        DynamicImage::ImageRgb16(i) => map::<3, _>(i, |rgb| rgb.map(high)),
        DynamicImage::ImageRgba16(i) => map::<4, _>(i, |[r, g, b, _]| [r, g, b].map(high)),
        _ => return None,
    };
    RgbImage::from_raw(width, height, rgb).map(Cow::Owned)
}

/// Applies `to_rgb` to every pixel of `N` channels.
fn map<const N: usize, T: Copy>(samples: &[T], to_rgb: impl Fn([T; N]) -> [u8; 3]) -> Vec<u8> {
    let (pixels, _) = samples.as_chunks::<N>();
    pixels.iter().flat_map(|&pixel| to_rgb(pixel)).collect()
}

/// Returns the more significant byte of a 16-bit sample.
fn high(sample: u16) -> u8 {
    (sample >> 8) as u8
}
