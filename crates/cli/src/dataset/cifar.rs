//! CIFAR-10's binary format. Each record holds one label byte and a 32×32 image: 1,024 bytes each
//! of red, green and blue, row by row.

use std::path::Path;

use super::DatasetError;
use super::class::Classes;
use super::files::read_whole;
use super::sample::{Sample, SampleSource};
use resnet_wgpu::low_level::printable;

/// The number of rows and of columns.
const SIDE: usize = 32;

/// The size of a record in bytes: one label and one image.
const RECORD: usize = 1 + 3 * SIDE * SIDE;

/// A whole file in memory.
#[derive(Debug, Clone)]
pub(super) struct Cifar {
    bytes: Vec<u8>,
}

/// Returns whether a file with these first bytes and `size` bytes is in CIFAR-10's format, complete
/// or truncated.
///
/// The first byte of such a file is a label, 0 to 9. Of these values, text can start only with 9, a
/// tab. Such a file is text if its first record is valid text and contains a line end.
pub(super) fn recognise(start: &[u8], size: u64) -> bool {
    let record = &start[..start.len().min(RECORD)];
    match record.first() {
        Some(0..=8) => true,
        Some(9) => !super::is_text(record) || !record.contains(&b'\n'),
        // The label is invalid in CIFAR-10, but the size matches and the content is not text.
        Some(_) => size.is_multiple_of(RECORD as u64) && !super::is_text(start),
        None => false,
    }
}

impl Cifar {
    /// Reads a file and checks its labels.
    pub(super) fn open(path: &Path, classes: &Classes) -> Result<Self, DatasetError> {
        let name = || printable(path.display());
        let bytes = read_whole(path)?;
        let over = bytes.len() % RECORD;
        if over != 0 || bytes.is_empty() {
            return Err(DatasetError::CifarSize {
                path: name(),
                record: RECORD as u64,
                found: bytes.len() as u64,
                images: (bytes.len() / RECORD) as u64,
                over: over as u64,
            });
        }
        for (i, record) in bytes.chunks_exact(RECORD).enumerate() {
            let label = usize::from(record[0]);
            if label >= classes.count {
                classes.check(label, &format!("{}, image {i}", name()))?;
            }
        }
        Ok(Self { bytes })
    }

    /// Returns the number of images.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() / RECORD
    }

    /// Returns the class of the `index`-th image.
    pub(super) fn label(&self, index: usize) -> Option<usize> {
        let record = self.bytes.chunks_exact(RECORD).nth(index)?;
        Some(usize::from(record[0]))
    }

    /// Returns the `index`-th image.
    pub(super) fn get(&self, index: usize) -> Option<Sample> {
        let (&label, planes) = self.bytes.chunks_exact(RECORD).nth(index)?.split_first()?;
        let plane = SIDE * SIDE;
        let data = (0..3 * plane).map(|i| planes[i % 3 * plane + i / 3]);
        Some(Sample {
            label: usize::from(label),
            source: SampleSource::Rgb {
                width: SIDE as u32,
                height: SIDE as u32,
                data: data.collect(),
            },
        })
    }
}
