//! Pixels of the caller, with or without gaps between their rows.

use resnet_wgpu::low_level::preprocess::RgbImage;

use crate::checked::{checked_pointer, values};
use crate::status::Failure;

/// A picture as a C program passes it.
pub struct Pixels {
    pub first: *const u8,
    pub width: u32,
    pub height: u32,
    /// Bytes from the start of a row to the start of the next; 0 for rows without gaps.
    pub stride: usize,
    /// 3 for RGB, 4 for RGBA.
    pub channels: usize,
}

impl Pixels {
    /// Copies the picture without gaps and alpha.
    ///
    /// # Safety
    /// If `first` is not NULL, it points to `height` rows of `width` pixels, and nobody
    /// changes them during the call. Rows start `stride` bytes after each other. Bytes
    /// between the rows and after the last row are not read.
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
        // The last row need not be followed by a gap.
        let length = (self.height as usize - 1)
            .checked_mul(stride)
            .and_then(|before| before.checked_add(bytes))
            .ok_or_else(too_large)?;
        let first = checked_pointer(self.first, length, "pixels")?.as_ptr();
        // At most `length`, so this product does not overflow.
        let rgb_bytes = self.width as usize * self.height as usize * 3;
        let mut rgb = vec![];
        rgb.try_reserve_exact(rgb_bytes)
            .map_err(|_| Failure::memory(rgb_bytes))?;
        for y in 0..self.height as usize {
            // SAFETY: the row lies within the picture's `length`, and the caller guarantees
            // that the pixels exist.
            let row = unsafe { values(first.add(y * stride), bytes, "pixels") }?;
            match self.channels {
                3 => rgb.extend_from_slice(row),
                _ => rgb.extend(row.chunks_exact(4).flat_map(|p| &p[..3])),
            }
        }
        RgbImage::from_raw(self.width, self.height, rgb).ok_or_else(|| Failure::memory(rgb_bytes))
    }
}
