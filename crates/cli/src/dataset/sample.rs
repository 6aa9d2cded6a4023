//! One image of a dataset.

use std::path::PathBuf;

/// An image with its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The class index, below the network's number of classes.
    pub label: usize,
    /// The source of the pixels.
    pub source: SampleSource,
}

/// The source of a sample's pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SampleSource {
    /// An image file that has not been opened yet. The file may be missing or damaged.
    File(PathBuf),
    /// Decoded pixels.
    Rgb {
        /// The number of columns.
        width: u32,
        /// The number of rows.
        height: u32,
        /// Red, green and blue of each pixel, 0 to 255, row by row: `[H, W, 3]`.
        data: Vec<u8>,
    },
}
