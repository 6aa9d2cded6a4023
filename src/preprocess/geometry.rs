//! Position of the resized image and of the crop, with torchvision's rounding rules.

/// Returns the size in pixels (width, height) of the image after its shorter side is resized to
/// `target`. The function is `_compute_resized_output_size` of torchvision.
///
/// The size has 64 bits, because a long thin image can exceed 32 bits here. Only the part inside
/// the crop is ever computed.
pub(super) fn shorter_side(width: u32, height: u32, target: u32) -> (u64, u64) {
    let (w, h, target) = (u64::from(width), u64::from(height), u64::from(target));
    // Integer division equals Python's int(target * long / short). The two could differ only for
    // a fractional quotient within 2^-53 of a whole number, and no such quotient occurs.
    if w <= h {
        (target, target * h / w)
    } else {
        (target * w / h, target)
    }
}

/// Rounding of half an odd margin, which decides the first pixel of a centre crop.
///
/// ```
/// use resnet_wgpu::Preprocess;
/// use resnet_wgpu::low_level::preprocess::MarginRounding;
///
/// // A picture of 16:9, resized to 455×256, has a margin of 231 pixels.
/// let torchvision = Preprocess::imagenet(224)?;
/// let transformers = Preprocess {
///     margin_rounding: MarginRounding::Down,
///     ..torchvision.clone()
/// };
/// let left = |p: &Preprocess| p.region(455, 256).map(|seen| seen.left);
/// assert_eq!((left(&torchvision)?, left(&transformers)?), (116.0, 115.0));
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MarginRounding {
    /// Half to even, as in `int(round(margin / 2))` of torchvision and timm.
    #[default]
    HalfToEven,
    /// Down, as in `int(margin / 2)` of transformers.
    Down,
}

/// Position of a centre crop along one axis of the resized image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placement {
    /// First pixel of the resized image inside the crop.
    pub start: u64,
    /// Number of pixels of the resized image inside the crop.
    pub len: u32,
    /// Number of black pixels before the pixels of the image.
    pub before: u32,
    /// Length of the crop in pixels.
    pub crop: u32,
}

impl Placement {
    /// Returns the placement of `crop` pixels from `start` on, all inside the resized image.
    pub(super) fn at(start: u64, crop: u32) -> Self {
        Self {
            start,
            len: crop,
            before: 0,
            crop,
        }
    }

    /// Returns the placement of `center_crop` along one axis. The offset is half the margin. If the
    /// crop is longer than the image, the crop is black on both sides.
    pub(super) fn centre(resized: u64, crop: u32, rounding: MarginRounding) -> Self {
        match u32::try_from(resized) {
            Ok(len) if len < crop => Self {
                start: 0,
                len,
                before: (crop - len) / 2,
                crop,
            },
            _ => {
                let spare = resized - u64::from(crop);
                let half = spare / 2;
                // Python's round() rounds x.5 to the even neighbour.
                let half_to_even = rounding == MarginRounding::HalfToEven;
                let round_up = half_to_even && spare % 2 == 1 && half % 2 == 1;
                Self {
                    start: half + u64::from(round_up),
                    len: crop,
                    before: 0,
                    crop,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shorter_side_floors_the_longer() {
        assert_eq!(shorter_side(451, 300, 256), (384, 256));
        assert_eq!(shorter_side(300, 451, 256), (256, 384));
        assert_eq!(shorter_side(256, 256, 256), (256, 256));
        assert_eq!(shorter_side(1, u32::MAX, 256).1, 256 * u64::from(u32::MAX));
    }

    #[test]
    fn offsets_round_half_to_even() {
        let offset =
            |resized, crop| Placement::centre(resized, crop, MarginRounding::HalfToEven).start;
        // The values of round(0.5), round(1.5), round(2.5) and round(3.5) in Python.
        assert_eq!(
            [1, 3, 5, 7].map(|spare| offset(224 + spare, 224)),
            [0, 2, 2, 4]
        );
        assert_eq!(offset(256, 224), 16);
        let down = |resized, crop| Placement::centre(resized, crop, MarginRounding::Down).start;
        assert_eq!(
            [1, 3, 5, 7].map(|spare| down(224 + spare, 224)),
            [0, 1, 2, 3]
        );
    }

    #[test]
    fn a_crop_beyond_the_image_is_padded_less_before_than_after() {
        let placed = Placement::centre(221, 224, MarginRounding::Down);
        assert_eq!((placed.start, placed.len, placed.before), (0, 221, 1));
    }
}
