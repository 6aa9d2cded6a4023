//! Draws overlays as one picture: a single overlay, or several side by side with captions.

use embedded_graphics::Drawable;
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_1::FONT_10X20;
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::{DrawTarget, OriginDimensions, Pixel, Point, RgbColor, Size};
use embedded_graphics::text::{Baseline, Text};
use image::imageops::{FilterType, replace, resize};
use image::{Rgb, RgbImage};
use resnet_wgpu::low_level::explain::Overlay;
use resnet_wgpu::{Explanation, Preprocess};

use crate::failure::Failure;

/// The longest side in pixels of an overlay if there are several.
const MAX_SIDE: u32 = 640;

/// The longest side in pixels below which a photo is enlarged.
const MIN_SIDE: u32 = 256;

/// The gap between overlays, in pixels.
const GAP: u32 = 8;

/// The height of the caption strip of an overlay, and the width of a letter in the strip, in
/// pixels.
const STRIP_HEIGHT: u32 = 32;
const LETTER_WIDTH: u32 = 10;

/// The left margin of the first letter, in pixels.
const INDENT: u32 = 6;

/// Draws one overlay in the photo's size, or several side by side, each with its label and
/// probability.
pub fn panels(
    photo: &RgbImage,
    preprocess: &Preprocess,
    found: &[Explanation],
) -> Result<RgbImage, Failure> {
    let photo = resize_photo(photo, found.len());
    let (width, height) = photo.dimensions();
    let region = preprocess.region(width, height)?;
    let overlay = Overlay::new(&photo, region);
    if let [one] = found {
        return Ok(overlay.paint(&one.map));
    }
    let n = found.len() as u32;
    let mut all = RgbImage::from_pixel(
        n * width + n.saturating_sub(1) * GAP,
        height + STRIP_HEIGHT,
        Rgb([255; 3]),
    );
    for (i, e) in (0..).zip(found) {
        let left = i * (width + GAP);
        replace(
            &mut all,
            &overlay.paint(&e.map),
            left.into(),
            STRIP_HEIGHT.into(),
        );
        let percent = format!(" {:.1} %", 100.0 * e.prediction.probability);
        let capacity = (width.saturating_sub(INDENT) / LETTER_WIDTH) as usize;
        let label = truncate(&e.prediction.label, capacity.saturating_sub(percent.len()));
        write(&mut all, left + INDENT, &(label + &percent));
    }
    Ok(all)
}

/// Returns the photo in the size of its overlays: reduced if `overlays` is more than one, enlarged
/// if the photo is tiny.
fn resize_photo(photo: &RgbImage, overlays: usize) -> RgbImage {
    let (width, height) = photo.dimensions();
    let longest = width.max(height).max(1);
    let scaled = |side: u32, filter| {
        let scale = f64::from(side) / f64::from(longest);
        let length = |n: u32| ((f64::from(n) * scale).round() as u32).max(1);
        resize(photo, length(width), length(height), filter)
    };
    match longest {
        // Nearest-neighbour scaling keeps the pixels of a tiny photo visible.
        ..MIN_SIDE => scaled(longest * MIN_SIDE.div_ceil(longest), FilterType::Nearest),
        n if overlays > 1 && n > MAX_SIDE => scaled(MAX_SIDE, FilterType::CatmullRom),
        _ => photo.clone(),
    }
}

/// Shortens a label to at most `capacity` characters.
fn truncate(label: &str, capacity: usize) -> String {
    if label.chars().count() > capacity {
        label
            .chars()
            .take(capacity.saturating_sub(3))
            .collect::<String>()
            + "..."
    } else {
        label.to_owned()
    }
}

/// Writes a line of text in the strip, starting at column `left`.
fn write(picture: &mut RgbImage, left: u32, text: &str) {
    // The font shows missing characters as question marks.
    let style = MonoTextStyle::new(&FONT_10X20, Rgb888::BLACK);
    let at = Point::new(left as i32, 6);
    // Drawing on a picture cannot fail.
    let Ok(_) = Text::with_baseline(text, at, style, Baseline::Top).draw(&mut Canvas(picture));
}

/// An adapter that lets embedded-graphics draw letters on a picture.
struct Canvas<'a>(&'a mut RgbImage);

impl OriginDimensions for Canvas<'_> {
    fn size(&self) -> Size {
        Size::new(self.0.width(), self.0.height())
    }
}

impl DrawTarget for Canvas<'_> {
    type Color = Rgb888;
    type Error = std::convert::Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Self::Error>
    where
        I: IntoIterator<Item = Pixel<Rgb888>>,
    {
        for Pixel(at, colour) in pixels {
            if let (Ok(x), Ok(y)) = (u32::try_from(at.x), u32::try_from(at.y))
                && let Some(pixel) = self.0.get_pixel_mut_checked(x, y)
            {
                *pixel = Rgb([colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_are_large_enough_and_not_too_large() {
        let size = |w, h, overlays| resize_photo(&RgbImage::new(w, h), overlays).dimensions();
        assert_eq!(size(32, 16, 1), (256, 128));
        assert_eq!(size(100, 300, 1), (100, 300));
        assert_eq!(size(2000, 1000, 1), (2000, 1000));
        assert_eq!(size(2000, 1000, 2), (640, 320));
    }

    #[test]
    fn labels_fit_and_letters_are_drawn() {
        assert_eq!(truncate("Egyptian cat", 20), "Egyptian cat");
        assert_eq!(truncate("Egyptian cat", 7), "Egyp...");
        let mut strip = RgbImage::from_pixel(40, STRIP_HEIGHT, Rgb([255; 3]));
        write(&mut strip, 0, "cat and what does not fit");
        assert!(strip.pixels().any(|pixel| pixel.0 == [0; 3]));
    }
}
