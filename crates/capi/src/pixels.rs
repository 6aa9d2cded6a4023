//! A caller's pixels, with whatever lies between their rows.

use resnet_wgpu::preprocess::RgbImage;

use crate::checked::values;
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
        let bytes = self.width as usize * self.channels;
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
            .ok_or_else(|| {
                let found = format!("{} rows, {stride} bytes apart", self.height);
                Failure::argument("stride", "a picture that memory can hold", found)
            })?;
        // SAFETY: the caller's word; gaps may be uninitialised to the caller, and
        // are bytes of its allocation all the same.
        let all = unsafe { values(self.first, length, "pixels") }?;
        let room = self.width as usize * self.height as usize * 3;
        let mut rgb = vec![];
        rgb.try_reserve_exact(room)
            .map_err(|_| Failure::memory(room))?;
        for row in all.chunks(stride) {
            match self.channels {
                3 => rgb.extend_from_slice(&row[..bytes]),
                _ => rgb.extend(row[..bytes].chunks_exact(4).flat_map(|p| &p[..3])),
            }
        }
        RgbImage::from_raw(self.width, self.height, rgb).ok_or_else(|| Failure::memory(room))
    }
}
