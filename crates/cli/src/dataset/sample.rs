//! One image of a dataset.

use std::path::PathBuf;

/// An image with its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Class index, below the network's class count.
    pub label: usize,
    /// Where the pixels are.
    pub source: SampleSource,
}

/// Where a sample's pixels are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SampleSource {
    /// In an image file, yet to be decoded. It has not been looked at: it may
    /// be missing or broken.
    File(PathBuf),
    /// Here, decoded.
    Rgb {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Red, green and blue of each pixel, 0 to 255, row by row: `[H, W, 3]`.
        data: Vec<u8>,
    },
}
