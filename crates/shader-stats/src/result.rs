//! The statistics of the kernels on one GPU, as a file holds them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::figures::Figures;

/// The version of the layout of files.
pub const VERSION: u32 = 1;

/// The statistics of kernels on one GPU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// The version of the layout, [`VERSION`].
    pub version: u32,
    /// The name of the GPU.
    pub gpu: String,
    /// The driver and its version.
    pub driver: String,
    /// The network and batch size whose kernels were measured; absent if all were.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub network: Option<String>,
    /// The kernels.
    pub kernels: Vec<KernelStatistics>,
}

/// The statistics of one kernel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KernelStatistics {
    /// The kernel's name, its types unless they are f32, and its outputs unless it stores a sum.
    pub kernel: String,
    /// The share of the network's multiply-adds that the kernel does, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub share: Option<f64>,
    /// The time that the compiler took, in milliseconds.
    pub compile_ms: f64,
    /// The driver's error, if it refused the kernel.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused: Option<String>,
    /// The figures of the compiled kernel.
    #[serde(flatten)]
    pub figures: Figures,
}

impl Statistics {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::File`] and [`Error::Contents`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })?;
        let wrong = |reason: String| Error::Contents {
            path: path.to_owned(),
            expected: VERSION,
            reason,
        };
        let read: Self = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        if read.version != VERSION {
            return Err(wrong(format!("found version {}", read.version)));
        }
        Ok(read)
    }

    /// Returns the file's text.
    ///
    /// # Errors
    /// [`Error::Json`].
    pub fn json(&self) -> Result<String, Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}
