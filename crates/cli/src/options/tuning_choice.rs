//! Which tuning to go by.

use std::path::PathBuf;

/// Which tuning to go by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TuningChoice {
    /// What is stored for the device.
    Auto,
    /// None.
    Off,
    /// That file.
    File(PathBuf),
}
