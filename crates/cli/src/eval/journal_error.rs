//! Why a file of answers cannot be used.

/// Why a file of answers cannot be used. Each message is one line that names
/// the file, what was expected, what was found and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The operating system would not read or write it.
    #[error(
        "{path}: cannot {what} it: {source}; check the path, its permissions and the space on its disk"
    )]
    Io {
        /// File, as given.
        path: String,
        /// `open`, `read`, `write`.
        what: &'static str,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// Something else lies there.
    #[error(
        "{path}: expected predictions that `resnet eval --save` wrote, or no file, found {found}; \
         name another file"
    )]
    Foreign {
        /// File, as given.
        path: String,
        /// What lies there.
        found: String,
    },
    /// The answers are of another model, other data or other settings.
    #[error(
        "{path}: expected predictions of this run ({run}: this model, data, preprocessing, views \
         and precision), found those of another ({found}); name another file, or remove this one"
    )]
    OtherRun {
        /// File, as given.
        path: String,
        /// This run's fingerprint.
        run: String,
        /// That in the file.
        found: String,
    },
    /// A line in the middle is damaged.
    #[error(
        "{path}, line {line}: expected a prediction, found {found}; remove the line, and its image \
         is evaluated again"
    )]
    Line {
        /// File, as given.
        path: String,
        /// Line, counted from 1.
        line: u64,
        /// What is wrong with it.
        found: String,
    },
    /// Another process writes it.
    #[error("{path}: another process is writing it; wait for that run, or name another file")]
    Busy {
        /// File, as given.
        path: String,
    },
}
