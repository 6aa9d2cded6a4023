//! The choice of a tuning.

use std::path::PathBuf;

/// The tuning that kernels are chosen by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TuningChoice {
    /// The tuning that is stored for the device.
    Auto,
    /// No tuning; the built-in rules apply.
    Off,
    /// The tuning in a file.
    File(PathBuf),
}
