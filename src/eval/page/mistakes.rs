//! The surest of the wrong answers, with their pictures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, RgbImage};
use serde::Serialize;

use super::number::Figure;
use crate::eval::{Evaluation, Mistake};
use crate::page::PageError;

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
            confidence: Figure::percent(
                mistake.confidence.into(),
                &format!("/mistakes/{i}/confidence"),
            ),
            picture: picture.map(thumbnail).transpose()?,
            tiny: picture.is_some_and(|p| p.width().max(p.height()) < SIDE / 3),
        })
    });
    shown.collect()
}

fn thumbnail(picture: &RgbImage) -> Result<String, PageError> {
    let mut small = DynamicImage::ImageRgb8(picture.clone());
    if picture.width().max(picture.height()) > SIDE {
        small = small.resize(SIDE, SIDE, FilterType::Triangle);
    }
    let mut jpeg = vec![];
    small.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY))?;
    Ok(data_url("image/jpeg", &jpeg))
}

/// A file that stands in the page itself.
pub(super) fn data_url(kind: &str, bytes: &[u8]) -> String {
    format!("data:{kind};base64,{}", STANDARD.encode(bytes))
}
