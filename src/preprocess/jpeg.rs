//! Choice of the decoder that reads a JPEG file correctly, and check that the file is complete.
//!
//! `zune-jpeg`, the decoder inside `image`, is fast and correct for nearly every photo. It decodes
//! some legal files to garbage without an error: sequential files whose components lie in separate
//! scans, files with luma sampled more coarsely than chroma, and files whose colour space libjpeg
//! guesses differently. The markers reveal all these cases. Such files go to `jpeg-decoder` or are
//! refused. `tests/goldens/images/make_jpegs.py` makes the grid of test files that the rules are
//! based on.

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage};
use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};

use super::RgbImage;

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: u8 = 0xD9;

/// The markers of a JPEG file that affect the choice of the decoder.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Markers {
    frame: Option<Frame>,
    /// `true` if a JFIF segment precedes the first scan.
    jfif: bool,
    /// Colour transform of the Adobe segment before the first scan.
    adobe: Option<u8>,
    /// `true` if some scan holds fewer components than the frame.
    separate_scans: bool,
    /// `true` if the scans have restart markers.
    restarts: bool,
    /// `true` if the file has a second frame header.
    second_frame: bool,
    /// `true` if the end-of-image marker was reached.
    pub whole: bool,
}

/// The frame header.
#[derive(Debug, PartialEq)]
struct Frame {
    /// Start-of-frame marker, 0xC0 to 0xCF.
    marker: u8,
    /// Bits of a sample.
    precision: u8,
    components: Vec<Component>,
}

#[derive(Debug, PartialEq)]
struct Component {
    id: u8,
    /// Horizontal sampling factor (`h`) and vertical sampling factor (`v`).
    h: u8,
    v: u8,
}

/// The decoder for a file.
#[derive(Debug, PartialEq)]
pub(super) enum DecoderChoice {
    /// The decoder of `image`.
    Fast,
    /// `jpeg-decoder`, with the colour space of three components: RGB or YCbCr.
    Strict(ColorTransform),
    /// No decoder; the reason completes the message "… is not supported".
    Unsupported(String),
}

impl Markers {
    /// Reads the markers of the image that starts at the first byte of `data`. The function skips
    /// each segment by its length, so the end marker of a thumbnail inside the metadata does not
    /// count.
    pub fn read(data: &[u8]) -> Self {
        let mut this = Self::default();
        let mut scanned = false;
        let mut at = 2; // skips the start-of-image marker, which has no length
        while let Some(&[lead, marker]) = data.get(at..at + 2) {
            match (lead, marker) {
                (0xFF, END_OF_IMAGE) => {
                    this.whole = true;
                    break;
                }
                (0xFF, START_OF_SCAN) => {
                    scanned = true;
                    let components = this.frame.as_ref().map_or(0, |f| f.components.len());
                    let scan = data.get(at + 4).copied().map_or(0, usize::from);
                    this.separate_scans |= scan < components;
                    at = next_marker(data, skip_segment(data, at));
                }
                // Fill bytes, restart markers and stray bytes carry no length.
                (0xFF, 0xFF) => at += 1,
                (0xFF, 0x00 | 0x01 | 0xD0..=0xD8) => at += 2,
                (0xFF, _) => {
                    let end = skip_segment(data, at).min(data.len());
                    let payload = data.get(at + 4..end).unwrap_or_default();
                    this.second_frame |= starts_frame(marker) && this.frame.is_some();
                    this.restarts |= marker == 0xDD && payload.iter().any(|&byte| byte > 0);
                    if !scanned {
                        this.segment(marker, payload);
                    }
                    at = end;
                }
                _ => at = next_marker(data, at),
            }
        }
        this
    }

    fn segment(&mut self, marker: u8, payload: &[u8]) {
        match (marker, payload) {
            (_, &[precision, _, _, _, _, _, ref rest @ ..])
                if starts_frame(marker) && self.frame.is_none() =>
            {
                let (components, _) = rest.as_chunks::<3>();
                let components = components.iter().map(|&[id, factors, _]| Component {
                    id,
                    h: factors >> 4,
                    v: factors & 15,
                });
                self.frame = Some(Frame {
                    marker,
                    precision,
                    components: components.collect(),
                });
            }
            (0xE0, [b'J', b'F', b'I', b'F', 0, ..]) if payload.len() >= 14 => self.jfif = true,
            (0xEE, [b'A', b'd', b'o', b'b', b'e', ..]) if payload.len() >= 12 => {
                self.adobe = payload.get(11).copied();
            }
            _ => {}
        }
    }

    /// Chooses the decoder. A file without a frame header goes to the fast decoder, whose error
    /// states the problem.
    pub fn choice(&self) -> DecoderChoice {
        let Some(frame) = &self.frame else {
            return DecoderChoice::Fast;
        };
        if self.second_frame {
            return DecoderChoice::Unsupported("a JPEG of several frames".into());
        }
        if let Some(reason) = frame.unsupported() {
            return DecoderChoice::Unsupported(reason);
        }
        let components = &frame.components;
        let h_max = components.iter().map(|c| c.h).max().unwrap_or(1);
        let v_max = components.iter().map(|c| c.v).max().unwrap_or(1);
        // A single component always has a single scan, and its sampling factors do not matter.
        if components.len() == 1 {
            return DecoderChoice::Fast;
        }
        let progressive = frame.marker == 0xC2;
        // The strict decoder cannot make a picture of four components. The fast decoder reads
        // separate scans of four components if the file has no subsampling and no restart markers.
        let plain = components.len() == 4 && h_max == 1 && v_max == 1 && !self.restarts;
        let separate = self.separate_scans && !progressive && !plain;
        let luma_is_coarser = components.first().is_some_and(|c| c.h < h_max);
        let halves_of_four = |max, factor: fn(&Component) -> u8| {
            max == 4 && components.iter().any(|c| factor(c) == 2)
        };
        let odd = h_max == 3 || halves_of_four(v_max, |c| c.v);
        let other_transform = !matches!(self.adobe, None | Some(0..=2));
        let colour_differs = components.len() == 3
            && (other_transform || self.is_rgb() != self.fast_takes_for_rgb());
        if !(separate || luma_is_coarser || odd || colour_differs) {
            if components.len() == 4 && !matches!(self.adobe, None | Some(0 | 2)) {
                return DecoderChoice::Unsupported(
                    "a CMYK JPEG of unknown colour transform".into(),
                );
            }
            return DecoderChoice::Fast;
        }
        let problem = match () {
            () if separate => "whose components lie in scans of their own",
            () if luma_is_coarser => "whose first component is sampled below another",
            () if odd => "whose sampling factors are unusual",
            () => "whose markers contradict each other about its colours",
        };
        // `jpeg-decoder` misplaces the blocks of components with factor 2 if the largest factor is
        // 4.
        let quarters = halves_of_four(h_max, |c| c.h) || halves_of_four(v_max, |c| c.v);
        match components.len() {
            3 if !quarters && self.is_rgb() => DecoderChoice::Strict(ColorTransform::RGB),
            3 if !quarters => DecoderChoice::Strict(ColorTransform::YCbCr),
            3 => DecoderChoice::Unsupported(format!(
                "a JPEG {problem} and which has sampling factors of 4 and 2"
            )),
            _ => DecoderChoice::Unsupported(format!("a CMYK JPEG {problem}")),
        }
    }

    /// Returns whether libjpeg, and therefore Pillow, interprets three components as RGB. The rule
    /// is that of `default_decompress_parms` in `jdapimin.c`.
    fn is_rgb(&self) -> bool {
        match (self.jfif, self.adobe) {
            (true, _) => false,
            (false, Some(transform)) => transform == 0,
            (false, None) => self.has_rgb_ids(),
        }
    }

    /// Returns whether `zune-jpeg` interprets three components as RGB.
    fn fast_takes_for_rgb(&self) -> bool {
        self.adobe == Some(0) || self.has_rgb_ids()
    }

    fn has_rgb_ids(&self) -> bool {
        let components = self.frame.as_ref().map_or(&[][..], |f| &f.components);
        components.iter().map(|c| c.id).eq(*b"RGB")
    }
}

impl Frame {
    /// Returns the name of the file's kind if neither decoder reads that kind.
    fn unsupported(&self) -> Option<String> {
        let kind = match self.marker {
            0xC0..=0xC2 => None,
            0xC3 => Some("a lossless JPEG"),
            0xC5..=0xC7 | 0xCD..=0xCF => Some("a hierarchical JPEG"),
            0xC9 | 0xCA => Some("a JPEG with arithmetic coding"),
            _ => Some("a lossless JPEG with arithmetic coding"),
        };
        if let Some(kind) = kind {
            return Some(kind.into());
        }
        if self.precision != 8 {
            return Some(format!("a JPEG of {} bits a sample", self.precision));
        }
        if !matches!(self.components.len(), 1 | 3 | 4) {
            let found = self.components.len();
            return Some(format!("a JPEG of {found} colour components"));
        }
        // libjpeg does not support fractional sampling factors either.
        let h_max = self.components.iter().map(|c| c.h).max()?;
        let v_max = self.components.iter().map(|c| c.v).max()?;
        let whole = |max: u8, factor: u8| (1..=4).contains(&factor) && max.is_multiple_of(factor);
        let fits = |c: &Component| whole(h_max, c.h) && whole(v_max, c.v);
        let fractional = !self.components.iter().all(fits);
        fractional.then(|| "a JPEG with fractional sampling factors".into())
    }
}

/// An image whose header the strict decoder has read.
pub(super) struct StrictDecoder<'a> {
    decoder: Decoder<&'a [u8]>,
    /// Width and height in pixels.
    pub dimensions: (u32, u32),
}

impl<'a> StrictDecoder<'a> {
    /// Reads the header.
    pub fn new(data: &'a [u8], colours: ColorTransform) -> Result<Self, jpeg_decoder::Error> {
        let mut decoder = Decoder::new(data);
        decoder.set_color_transform(colours);
        decoder.read_info()?;
        let info = decoder.info();
        let dimensions = info.map_or((0, 0), |i| (u32::from(i.width), u32::from(i.height)));
        Ok(Self {
            decoder,
            dimensions,
        })
    }

    /// Decodes the pixels and reads the orientation from the EXIF data.
    pub fn decode(mut self) -> Result<(DynamicImage, Orientation), jpeg_decoder::Error> {
        let pixels = self.decoder.decode()?;
        let (width, height) = self.dimensions;
        let image = match self.decoder.info().map(|i| i.pixel_format) {
            Some(PixelFormat::RGB24) => RgbImage::from_raw(width, height, pixels).map(Into::into),
            Some(PixelFormat::L8) => GrayImage::from_raw(width, height, pixels).map(Into::into),
            _ => None,
        };
        let image =
            image.ok_or_else(|| jpeg_decoder::Error::Format("unexpected pixel layout".into()))?;
        let exif = self.decoder.exif_data();
        let orientation = exif.and_then(Orientation::from_exif_chunk);
        Ok((image, orientation.unwrap_or(Orientation::NoTransforms)))
    }
}

/// Returns whether a marker begins a frame header. DHT, JPG and DAC share the range of values but
/// do not begin one.
fn starts_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
}

/// Returns the position after the marker segment at `at`.
fn skip_segment(data: &[u8], at: usize) -> usize {
    match data.get(at + 2..at + 4) {
        Some(&[high, low]) => at + 2 + usize::from(u16::from_be_bytes([high, low])).max(2),
        _ => data.len(),
    }
}

/// Returns the position of the next marker from `at` on. Scan data escapes its 0xFF bytes with a
/// following 0, and restart markers belong to the scan.
fn next_marker(data: &[u8], at: usize) -> usize {
    let rest = data.get(at..).unwrap_or_default();
    let ends_scan = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xFF | 0xD0..=0xD7);
    rest.windows(2)
        .position(ends_scan)
        .map_or(data.len(), |offset| at + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_marker_of_a_thumbnail_does_not_count() {
        let with_thumbnail = [0xFF, 0xD8, 0xFF, 0xE1, 0, 4, 0xFF, 0xD9];
        assert!(!Markers::read(&with_thumbnail).whole);
        let whole = [
            &with_thumbnail[..],
            &[0xFF, 0xDA, 0, 2, 7, 0xFF, 0, 0xFF, 0xD0, 9, 0xFF, 0xD9],
        ];
        assert!(Markers::read(&whole.concat()).whole);
    }

    #[test]
    fn short_input_has_no_end() {
        for data in [
            &b""[..],
            &[0xFF],
            &[0xFF, 0xD8, 0xFF],
            &[0xFF, 0xD8, 0xFF, 0xE0, 0xFF],
            &[0xFF, 0xD8, 0xFF, 0xE0, 0, 3],
        ] {
            assert_eq!(Markers::read(data), Markers::default());
        }
    }

    /// Reads the markers of a file that ends with its first scan, which holds `scan` components.
    fn markers(sof: u8, precision: u8, factors: &[u8], scan: u8) -> Markers {
        let mut data = vec![0xFF, 0xD8, 0xFF, sof, 0, 8 + 3 * factors.len() as u8];
        data.extend([precision, 0, 8, 0, 8, factors.len() as u8]);
        for (id, factor) in (1..).zip(factors) {
            data.extend([id, *factor, 0]);
        }
        data.extend([0xFF, 0xDA, 0, 3, scan, 0xFF, 0xD9]);
        Markers::read(&data)
    }

    #[test]
    fn usual_files_take_the_fast_decoder() {
        for (sof, factors, scan) in [
            (0xC0, &[0x11, 0x11, 0x11][..], 3),
            (0xC1, &[0x22, 0x11, 0x11], 3),
            (0xC2, &[0x22, 0x11, 0x11], 1),
            (0xC0, &[0x21, 0x11, 0x11], 3),
            (0xC0, &[0x41, 0x11, 0x11], 3),
            (0xC0, &[0x22], 1),
            (0xC0, &[0x11; 4], 4),
        ] {
            let choice = markers(sof, 8, factors, scan).choice();
            assert_eq!(choice, DecoderChoice::Fast, "{sof:x} {factors:x?} {scan}");
        }
    }

    #[test]
    fn what_is_not_read_is_named() {
        for (sof, precision, factors, scan, says) in [
            (0xC3, 8, &[0x11][..], 1, "lossless"),
            (0xC5, 8, &[0x11], 1, "hierarchical"),
            (0xC9, 8, &[0x11], 1, "arithmetic"),
            (0xCB, 8, &[0x11], 1, "lossless JPEG with arithmetic"),
            (0xC1, 12, &[0x11], 1, "12 bits"),
            (0xC0, 8, &[0x11; 2], 2, "2 colour components"),
            (0xC0, 8, &[0x31, 0x21, 0x11], 3, "fractional"),
            (0xC0, 8, &[0x11, 0x01, 0x11], 3, "fractional"),
            (0xC0, 8, &[0x22, 0x11, 0x11, 0x22], 1, "scans of their own"),
            (0xC0, 8, &[0x41, 0x21, 0x21], 1, "factors of 4 and 2"),
        ] {
            match markers(sof, precision, factors, scan).choice() {
                DecoderChoice::Unsupported(reason) => assert!(reason.contains(says), "{reason}"),
                other => panic!("{sof:x} {factors:x?}: {other:?}"),
            }
        }
    }
}
