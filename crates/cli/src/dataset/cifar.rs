//! CIFAR-10's binary format: for each image one label byte, then 1,024 bytes
//! each of red, green and blue, 32×32 row by row.

use std::path::Path;

use super::DatasetError;
use super::class::Classes;
use super::files::read_whole;
use super::sample::{Sample, SampleSource};
use resnet_wgpu::low_level::printable;

/// Rows and columns.
const SIDE: usize = 32;

/// Bytes of one image with its label.
const RECORD: usize = 1 + 3 * SIDE * SIDE;

/// A whole file in memory.
#[derive(Debug, Clone)]
pub(super) struct Cifar {
    bytes: Vec<u8>,
}

/// Whether a file that starts so and has `size` bytes is CIFAR-10's, be it
/// cut off. Its first byte is a label, 0 to 9, with which text begins only if
/// that is a tab; then a record without a line end tells.
pub(super) fn recognise(start: &[u8], size: u64) -> bool {
    let record = &start[..start.len().min(RECORD)];
    match record.first() {
        Some(0..=8) => true,
        Some(9) => !super::is_text(record) || !record.contains(&b'\n'),
        // A label that CIFAR-10 has not, in a file of its size: not text.
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

    /// How many images there are.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() / RECORD
    }

    /// The class of the `index`-th image.
    pub(super) fn label(&self, index: usize) -> Option<usize> {
        let record = self.bytes.chunks_exact(RECORD).nth(index)?;
        Some(usize::from(record[0]))
    }

    /// The `index`-th image.
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
