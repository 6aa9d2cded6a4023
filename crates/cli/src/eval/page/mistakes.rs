//! The most confident mistakes, with their pictures.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, RgbImage};
use serde::Serialize;

use super::number::Figure;
use crate::eval::{Evaluation, Mistake};
use resnet_wgpu_bench::page::PageError;

/// The longest side of a thumbnail in pixels. The page shows thumbnails at half this size, so they
/// stay sharp.
const SIDE: u32 = 320;

/// The JPEG quality. Visible artefacts could be mistaken for the reason of a wrong prediction.
const QUALITY: u8 = 85;

/// A wrong prediction as the page shows it.
#[derive(Debug, Serialize)]
pub(super) struct MistakeView<'a> {
    mistake: &'a Mistake,
    confidence: Figure,
    picture: Option<String>,
    /// True if the picture has so few pixels that the page shows them as squares.
    tiny: bool,
}

/// Combines the mistakes with their pictures, in order.
pub(super) fn mistakes<'a>(
    found: &'a Evaluation,
    pictures: &[Option<RgbImage>],
) -> Result<Vec<MistakeView<'a>>, PageError> {
    let pictures = pictures.iter().map(Option::as_ref);
    let pictures = pictures.chain(std::iter::repeat(None));
    let shown = found.mistakes.iter().zip(pictures).enumerate();
    let shown = shown.map(|(i, (mistake, picture))| {
        Ok(MistakeView {
            mistake,
            confidence: Figure::probability(
                mistake.confidence,
                &format!("/mistakes/{i}/confidence"),
            ),
            picture: picture
                .map(|picture| embedded(&thumbnail(picture.clone())))
                .transpose()?,
            tiny: picture.is_some_and(is_tiny),
        })
    });
    shown.collect()
}

/// Reduces a picture to the size that the page shows, to save memory until the page is written.
pub fn thumbnail(picture: RgbImage) -> RgbImage {
    if picture.width().max(picture.height()) > SIDE {
        DynamicImage::ImageRgb8(picture)
            .resize(SIDE, SIDE, FilterType::Triangle)
            .into_rgb8()
    } else {
        picture
    }
}

/// Encodes a picture as a data URL: tiny pictures as lossless PNG, since each pixel is visible; all
/// others as JPEG.
fn embedded(picture: &RgbImage) -> Result<String, PageError> {
    let mut bytes = Cursor::new(vec![]);
    if is_tiny(picture) {
        picture.write_to(&mut bytes, ImageFormat::Png)?;
        return Ok(data_url("image/png", bytes.get_ref()));
    }
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))?;
    Ok(data_url("image/jpeg", bytes.get_ref()))
}

fn is_tiny(picture: &RgbImage) -> bool {
    picture.width().max(picture.height()) < SIDE / 3
}

/// Returns a data URL, which embeds a file in the page.
pub(super) fn data_url(kind: &str, bytes: &[u8]) -> String {
    format!("data:{kind};base64,{}", STANDARD.encode(bytes))
}
