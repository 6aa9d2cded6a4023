//! Parameters for the kernels that resize and crop a picture. The kernels produce the bytes of
//! [`Preprocess::crop_image`] from pixels that are already on the device.

use super::geometry::Placement;
use super::resize::vertical_first;
use super::taps::Taps;
use super::{Preprocess, PreprocessError};

/// Parameters of the two passes over a picture of one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sampling {
    /// `true` if the first pass runs along y.
    pub vertical: bool,
    /// Width and height of the first pass's output, in pixels.
    pub narrow: [u32; 2],
    /// Taps of the first pass: see `shaders/resample.wgsl`.
    first: Axis,
    /// Taps of the second pass.
    second: Axis,
    /// Width and height of the crop, in pixels.
    crop: [u32; 2],
    before: [u32; 2],
    inside: [u32; 2],
}

/// Taps along one axis.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Axis {
    /// The first input pixel that any output pixel reads.
    from: u32,
    /// Number of input pixels from `from` to the last that any output pixel reads.
    len: u32,
    /// Number of words for each output pixel.
    stride: u32,
    /// `[outputs][stride]`: first input, number of weights, weights.
    words: Vec<i32>,
}

impl Axis {
    fn new(taps: &Taps) -> Self {
        let most = taps.iter().map(|(_, w)| w.len()).max().unwrap_or(0);
        let mut words = vec![];
        for (first, weights) in taps.iter() {
            words.extend([first as i32, weights.len() as i32]);
            words.extend_from_slice(weights);
            words.resize(words.len() + most - weights.len(), 0);
        }
        let (from, end) = taps.input_range();
        Self {
            from: from as u32,
            len: (end - from) as u32,
            stride: most as u32 + 2,
            words,
        }
    }
}

impl Preprocess {
    /// Returns the passes that make the centre crop of a picture of the given width and height.
    ///
    /// # Errors
    /// As [`Preprocess::crop_image`].
    pub(crate) fn sampling(&self, width: u32, height: u32) -> Result<Sampling, PreprocessError> {
        self.check((width, height))?;
        let resized = self.resized((width, height));
        let columns = Placement::centre(resized.0, self.crop.1, self.margin_rounding);
        let rows = Placement::centre(resized.1, self.crop.0, self.margin_rounding);
        let filter = self.interpolation;
        let across = Taps::new(width, resized.0, (columns.start, columns.len), filter);
        let down = Taps::new(height, resized.1, (rows.start, rows.len), filter);
        let (across, down) = (Axis::new(&across), Axis::new(&down));
        let vertical = vertical_first((width, height), resized);
        let (narrow, first, second) = if vertical {
            ([across.len, rows.len], down, across)
        } else {
            ([columns.len, down.len], across, down)
        };
        Ok(Sampling {
            vertical,
            narrow,
            first,
            second,
            crop: [columns.crop, rows.crop],
            before: [columns.before, rows.before],
            inside: [columns.len, rows.len],
        })
    }
}

impl Sampling {
    /// Returns the taps of the first and of the second pass.
    pub fn taps(&self) -> [&[i32]; 2] {
        [&self.first.words, &self.second.words]
    }

    /// Returns the parameters of the first pass over a region at `origin`. `source` holds the
    /// shader's fields `srgb`, `bgr`, `first_word` and `row_words`, in this order.
    pub fn first_pass(&self, origin: [u32; 2], source: [u32; 4]) -> [u32; 12] {
        let across = if self.vertical {
            [self.second.from, 0]
        } else {
            [0, self.second.from]
        };
        let [srgb, bgr, first_word, row_words] = source;
        let [width, height] = self.narrow;
        [
            width,
            height,
            origin[0],
            origin[1],
            across[0],
            across[1],
            self.first.stride,
            u32::from(self.vertical),
            srgb,
            bgr,
            first_word,
            row_words,
        ]
    }

    /// Returns the parameters of the second pass.
    pub fn second_pass(&self) -> [u32; 12] {
        let ([columns, rows], [left, above]) = (self.crop, self.before);
        let [inside_columns, inside_rows] = self.inside;
        [
            columns,
            rows,
            left,
            above,
            inside_columns,
            inside_rows,
            self.narrow[0],
            self.second.from,
            self.second.stride,
            u32::from(!self.vertical),
            0,
            0,
        ]
    }

    /// Returns the numbers of workgroups of both passes.
    pub fn grids(&self) -> [[u32; 2]; 2] {
        let invocations = (self.crop[0] * self.crop[1]).div_ceil(4);
        [
            self.narrow.map(|side| side.div_ceil(8)),
            [invocations.div_ceil(64), 1],
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the computation of the shaders on the host.
    fn sampled(pre: &Preprocess, image: &super::super::RgbImage) -> Vec<u8> {
        let (w, h) = image.dimensions();
        let s = pre.sampling(w, h).unwrap();
        let sum = |axis: &Axis, at: u32, channel: usize, pixel: &dyn Fn(u32) -> [u8; 3]| {
            let row = (axis.stride * at) as usize;
            let (first, count) = (axis.words[row] as u32, axis.words[row + 1] as u32);
            let mut sum = super::super::taps::HALF;
            for i in 0..count {
                let weight = axis.words[row + 2 + i as usize];
                sum += weight * i32::from(pixel(first + i)[channel]);
            }
            super::super::taps::to_byte(sum)
        };
        let [width, height] = s.narrow;
        let narrow: Vec<[u8; 3]> = (0..width * height)
            .map(|at| {
                let (x, y) = (at % width, at / width);
                let byte = |c| {
                    if s.vertical {
                        sum(&s.first, y, c, &|i| image.get_pixel(s.second.from + x, i).0)
                    } else {
                        sum(&s.first, x, c, &|i| image.get_pixel(i, s.second.from + y).0)
                    }
                };
                [0, 1, 2].map(byte)
            })
            .collect();
        let mut crop = vec![];
        for (row, column) in (0..s.crop[1]).flat_map(|r| (0..s.crop[0]).map(move |c| (r, c))) {
            let (x, y) = (
                column.wrapping_sub(s.before[0]),
                row.wrapping_sub(s.before[1]),
            );
            if x >= s.inside[0] || y >= s.inside[1] {
                crop.extend([0; 3]);
                continue;
            }
            let at = |x: u32, y: u32| narrow[(y * width + x) as usize];
            let byte = |c| {
                if s.vertical {
                    sum(&s.second, x, c, &|i| at(i - s.second.from, y))
                } else {
                    sum(&s.second, y, c, &|i| at(x, i - s.second.from))
                }
            };
            crop.extend([0, 1, 2].map(byte));
        }
        crop
    }

    #[test]
    fn two_passes_make_the_crop() {
        for (width, height) in [(40, 30), (17, 90), (20, 21), (9, 5), (200, 33)] {
            let image = super::super::RgbImage::from_fn(width, height, |x, y| {
                image::Rgb([(x * 37 + y * 11) as u8, (x * y) as u8, (x ^ (y * 5)) as u8])
            });
            for (resize, crop) in [(16, (12, 16)), (8, (12, 10)), (24, (24, 24))] {
                let pre = Preprocess {
                    resize,
                    crop,
                    ..Preprocess::imagenet(24).unwrap()
                };
                let expected = pre.crop_image(&image).unwrap();
                assert_eq!(sampled(&pre, &image), expected.into_raw());
            }
        }
    }
}
