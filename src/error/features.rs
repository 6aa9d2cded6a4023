//! Errors of files of features.

use crate::weights::CheckpointError;

/// The reason why a file of features cannot be written or used. Each message names the file, the
/// expectation, the finding and the remedy.
///
/// ```
/// use resnet_wgpu::low_level::features::{Features, FeaturesError};
///
/// // This file contains weights, not features.
/// let error = Features::open("weights/resnet20-cifar10.safetensors").unwrap_err();
/// assert!(matches!(error, FeaturesError::Foreign { .. }));
/// assert!(error.to_string().ends_with("give another file"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeaturesError {
    /// The file cannot be written.
    #[error(
        "{file}: cannot be written: {source}; check that its directory is there and writable, and \
         the space on its disk"
    )]
    Write {
        /// The file, as given.
        file: String,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// The file cannot be read, or is not a safetensors file.
    #[error(transparent)]
    File(#[from] CheckpointError),
    /// The file is a safetensors file without features.
    #[error("{file}: expected features of `resnet embed`, found {found}; give another file")]
    Foreign {
        /// The file, as given.
        file: String,
        /// The fault in the file.
        found: String,
    },
    /// The features were computed with another model.
    #[error(
        "{file}: expected features of this model ({expected}), found those of {found}; give the \
         model that made them, or make them again"
    )]
    OtherModel {
        /// The file, as given.
        file: String,
        /// The requested model.
        expected: String,
        /// The model of the file.
        found: String,
    },
    /// More rows were added than announced.
    #[error("{file}: begun for at most {most} rows, and more came; begin it for as many as come")]
    Full {
        /// The file, as given.
        file: String,
        /// The announced number of rows.
        most: usize,
    },
    /// A row or a query has the wrong length.
    #[error(
        "{file}: expected features of {expected} numbers, found {found}; take the same layer of \
         the same model"
    )]
    Length {
        /// The file, as given.
        file: String,
        /// The number of values in a row.
        expected: usize,
        /// The number of values found.
        found: usize,
    },
}
