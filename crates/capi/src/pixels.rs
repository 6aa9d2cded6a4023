//! A caller's pixels, with whatever lies between their rows.

use resnet_wgpu::low_level::preprocess::RgbImage;

use crate::checked::{place, values};
use crate::status::Failure;

/// A picture as C hands it over.
pub struct Pixels {
    pub first: *const u8,
    pub width: u32,
    pub height: u32,
    /// Bytes from a row to the next; 0 for rows without gaps.
    pub stride: usize,
    /// 3 for RGB, 4 for RGBA.
    pub channels: usize,
}

impl Pixels {
    /// The picture without gaps and alpha.
    ///
    /// # Safety
    /// Where `first` is not NULL, `height` rows of `width` pixels lie there,
    /// `stride` apart, and nobody changes them. What lies between the rows, and
    /// behind the last, is not read.
    pub unsafe fn image(&self) -> Result<RgbImage, Failure> {
        for (name, length) in [("width", self.width), ("height", self.height)] {
            if length == 0 {
                return Err(Failure::argument(name, "at least 1 pixel", "0"));
            }
        }
        let too_large = || {
            let found = format!(
                "{}x{} pixels, stride {}",
                self.width, self.height, self.stride
            );
            Failure::argument("pixels", "a picture that memory can hold", found)
        };
        let bytes = (self.width as usize).checked_mul(self.channels);
        let bytes = bytes.ok_or_else(too_large)?;
        let stride = match self.stride {
            0 => bytes,
            stride if stride >= bytes => stride,
            stride => {
                let expected =
                    format!("at least the {bytes} bytes of a row, or 0 for rows without gaps");
                return Err(Failure::argument("stride", expected, stride.to_string()));
            }
        };
        // Behind the last row there may be nothing.
        let length = (self.height as usize - 1)
            .checked_mul(stride)
            .and_then(|before| before.checked_add(bytes))
            .ok_or_else(too_large)?;
        let first = place(self.first, length, "pixels")?.as_ptr();
        // No more than `length`.
        let room = self.width as usize * self.height as usize * 3;
        let mut rgb = vec![];
        rgb.try_reserve_exact(room)
            .map_err(|_| Failure::memory(room))?;
        for y in 0..self.height as usize {
            // SAFETY: the row lies within the picture's `length`, and what lies
            // there is the caller's word.
            let row = unsafe { values(first.add(y * stride), bytes, "pixels") }?;
            match self.channels {
                3 => rgb.extend_from_slice(row),
                _ => rgb.extend(row.chunks_exact(4).flat_map(|p| &p[..3])),
            }
        }
        RgbImage::from_raw(self.width, self.height, rgb).ok_or_else(|| Failure::memory(room))
    }
}
