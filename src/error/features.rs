//! Why a file of features cannot be made or used.

use crate::weights::CheckpointError;

/// Why a file of features cannot be made or used. Each message names the file,
/// what was expected, what was found and the remedy.
///
/// ```
/// use resnet_wgpu::low_level::features::{Features, FeaturesError};
///
/// // Weights, not features.
/// let error = Features::open("weights/resnet20-cifar10.safetensors").unwrap_err();
/// assert!(matches!(error, FeaturesError::Foreign { .. }));
/// assert!(error.to_string().ends_with("give another file"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeaturesError {
    /// It cannot be written.
    #[error(
        "{file}: cannot be written: {source}; check that its directory is there and writable, and \
         the space on its disk"
    )]
    Write {
        /// File, as given.
        file: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// It cannot be read, or is no safetensors file.
    #[error(transparent)]
    File(#[from] CheckpointError),
    /// It is a safetensors file of something else.
    #[error("{file}: expected features of `resnet embed`, found {found}; give another file")]
    Foreign {
        /// File, as given.
        file: String,
        /// What is wrong with it.
        found: String,
    },
    /// Another model made them.
    #[error(
        "{file}: expected features of this model ({expected}), found those of {found}; give the \
         model that made them, or make them again"
    )]
    OtherModel {
        /// File, as given.
        file: String,
        /// The model that is asked for.
        expected: String,
        /// The one in the file.
        found: String,
    },
    /// More rows than were announced.
    #[error("{file}: begun for at most {most} rows, and more came; begin it for as many as come")]
    Full {
        /// File, as given.
        file: String,
        /// Rows that it was begun for.
        most: usize,
    },
    /// A row or a query of another length.
    #[error(
        "{file}: expected features of {expected} numbers, found {found}; take the same layer of \
         the same model"
    )]
    Length {
        /// File, as given.
        file: String,
        /// Numbers of a row.
        expected: usize,
        /// Numbers found.
        found: usize,
    },
}
