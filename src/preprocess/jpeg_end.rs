//! Whether a JPEG file is whole.
//!
//! The JPEG decoder fills what is missing with gray and reports success;
//! Pillow refuses such a file, and a classifier should not guess at half a
//! photo.

const START_OF_SCAN: u8 = 0xDA;
const END_OF_IMAGE: u8 = 0xD9;

/// Whether the image that starts at the first byte of `data` reaches its
/// end-of-image marker. Segments are skipped by their length, so the marker of
/// a thumbnail inside the metadata does not count.
pub(super) fn reaches_end(data: &[u8]) -> bool {
    let mut at = 2; // past the start-of-image marker, which has no length
    while let Some(&[lead, marker]) = data.get(at..at + 2) {
        match (lead, marker) {
            (0xFF, END_OF_IMAGE) => return true,
            (0xFF, START_OF_SCAN) => at = next_marker(data, skip_segment(data, at)),
            // Fill bytes, restart markers and stray bytes carry no length.
            (0xFF, 0xFF) => at += 1,
            (0xFF, 0x00 | 0x01 | 0xD0..=0xD8) => at += 2,
            (0xFF, _) => at = skip_segment(data, at),
            _ => at = next_marker(data, at),
        }
    }
    false
}

/// Position after the marker segment at `at`.
fn skip_segment(data: &[u8], at: usize) -> usize {
    match data.get(at + 2..at + 4) {
        Some(&[high, low]) => at + 2 + usize::from(u16::from_be_bytes([high, low])).max(2),
        _ => data.len(),
    }
}

/// Position of the next marker from `at` on; scan data escapes its 0xFF bytes
/// with a following 0, and restart markers belong to the scan.
fn next_marker(data: &[u8], at: usize) -> usize {
    let rest = data.get(at..).unwrap_or_default();
    let ends_scan = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xFF | 0xD0..=0xD7);
    rest.windows(2)
        .position(ends_scan)
        .map_or(data.len(), |offset| at + offset)
}

#[cfg(test)]
mod tests {
    use super::reaches_end;

    #[test]
    fn the_end_marker_of_a_thumbnail_does_not_count() {
        let with_thumbnail = [0xFF, 0xD8, 0xFF, 0xE1, 0, 4, 0xFF, 0xD9];
        assert!(!reaches_end(&with_thumbnail));
        let whole = [
            &with_thumbnail[..],
            &[0xFF, 0xDA, 0, 2, 7, 0xFF, 0, 0xFF, 0xD0, 9, 0xFF, 0xD9],
        ];
        assert!(reaches_end(&whole.concat()));
    }

    #[test]
    fn short_input_has_no_end() {
        for data in [
            &b""[..],
            &[0xFF],
            &[0xFF, 0xD8, 0xFF],
            &[0xFF, 0xD8, 0xFF, 0xE0, 0xFF],
        ] {
            assert!(!reaches_end(data));
        }
    }
}
