//! The surest of the wrong answers, with their pictures.

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

/// Longest side of a thumbnail, in pixels: sharp where it is shown at half.
const SIDE: u32 = 320;

/// Of JPEG: artefacts are not to be taken for the reason of a mistake.
const QUALITY: u8 = 85;

/// A wrong answer as the page shows it.
#[derive(Debug, Serialize)]
pub(super) struct Shown<'a> {
    mistake: &'a Mistake,
    confidence: Figure,
    picture: Option<String>,
    /// Whether it has so few pixels that they are to be seen.
    tiny: bool,
}

/// The mistakes in order.
pub(super) fn mistakes<'a>(
    found: &'a Evaluation,
    pictures: &[Option<RgbImage>],
) -> Result<Vec<Shown<'a>>, PageError> {
    let pictures = pictures.iter().map(Option::as_ref);
    let pictures = pictures.chain(std::iter::repeat(None));
    let shown = found.mistakes.iter().zip(pictures).enumerate();
    let shown = shown.map(|(i, (mistake, picture))| {
        Ok(Shown {
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

/// A picture as small as the page shows it, so that few bytes wait for it.
pub fn thumbnail(picture: RgbImage) -> RgbImage {
    match picture.width().max(picture.height()) > SIDE {
        true => DynamicImage::ImageRgb8(picture)
            .resize(SIDE, SIDE, FilterType::Triangle)
            .into_rgb8(),
        false => picture,
    }
}

/// As JPEG, or exactly where it has so few pixels that each is seen.
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

/// A file that stands in the page itself.
pub(super) fn data_url(kind: &str, bytes: &[u8]) -> String {
    format!("data:{kind};base64,{}", STANDARD.encode(bytes))
}
