//! Errors of the file of predictions.

/// A reason why a file of predictions cannot be used. Each message is one line that names the file,
/// the expectation, the finding and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The operating system refused to open, read or write the file.
    #[error(
        "{path}: cannot {what} it: {source}; check the path, its permissions and the space on its disk"
    )]
    Io {
        /// The file, as given.
        path: String,
        /// The failed operation: `open`, `read` or `write`.
        what: &'static str,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The path refers to something other than a file of predictions.
    #[error(
        "{path}: expected predictions that `resnet eval --save` wrote, or no file, found {found}; \
         name another file"
    )]
    Foreign {
        /// The file, as given.
        path: String,
        /// A description of the content found.
        found: String,
    },
    /// The predictions belong to another model, dataset or setting.
    #[error(
        "{path}: expected predictions of this run ({run}: this model, data, preprocessing, views \
         and precision), found those of another ({found}); name another file, or remove this one"
    )]
    OtherRun {
        /// The file, as given.
        path: String,
        /// This run's fingerprint.
        run: String,
        /// The fingerprint in the file.
        found: String,
    },
    /// A complete line is damaged.
    #[error(
        "{path}, line {line}: expected a prediction, found {found}; remove the line, and its image \
         is evaluated again"
    )]
    Line {
        /// The file, as given.
        path: String,
        /// The line, counted from 1.
        line: u64,
        /// A description of the problem.
        found: String,
    },
    /// Another process is writing the file.
    #[error("{path}: another process is writing it; wait for that run, or name another file")]
    Busy {
        /// The file, as given.
        path: String,
    },
}
