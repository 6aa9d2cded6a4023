//! Errors of reading labels, and of labels that do not fit the network.

use thiserror::Error;

/// An error of labels that cannot be read, or that do not fit the network. Each message is one line
/// that names the file, what was expected, what was found and the remedy.
///
/// ```
/// use resnet_wgpu::Labels;
/// use resnet_wgpu::low_level::labels::LabelsError;
///
/// // The labels of CIFAR-10 for a network with ImageNet's classes.
/// let error = Labels::cifar10().check(1000).unwrap_err();
/// assert!(matches!(error, LabelsError::Count { classes: 1000, labels: 10 }));
/// assert!(error.to_string().contains("give the labels that the network was trained with"));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LabelsError {
    /// The operating system could not open or read the file.
    #[error("{path}: cannot read the labels: {source}; check the path and its permissions")]
    Read {
        /// Path of the file, as given.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The file is much larger than a file of labels can be.
    #[error(
        "{path}: expected labels of at most {limit} bytes, found a larger file; \
         check that it is the right file"
    )]
    TooLarge {
        /// Path of the file, as given.
        path: String,
        /// Largest number of bytes that are read.
        limit: u64,
    },
    /// The file is not UTF-8 text.
    #[error(
        "{path}: expected labels as UTF-8 text, found other bytes; check that it is the right file, or convert it to UTF-8"
    )]
    NotText {
        /// Path of the file, as given.
        path: String,
    },
    /// The file begins as JSON does, but is not valid JSON or holds no labels.
    #[error(
        "{path}: expected a JSON array of names or an object like {{\"0\": \"tench\"}}, \
         found {found}; correct the file"
    )]
    Json {
        /// Path of the file, as given.
        path: String,
        /// Description of what was found, or the parser's reason.
        found: String,
    },
    /// A line cannot be understood.
    #[error("{path}, line {line}: expected {expected}, found {found}; correct the line")]
    Line {
        /// Path of the file, as given.
        path: String,
        /// Number of the line, counted from 1.
        line: usize,
        /// Expected content of the line.
        expected: &'static str,
        /// Content of the line.
        found: String,
    },
    /// A class between the first and the last has no label, or has two labels.
    #[error(
        "{path}: expected one label for each class from 0 to {last}, found {found} for class {class}; correct the file"
    )]
    Classes {
        /// Path of the file, as given.
        path: String,
        /// The highest class in the file.
        last: usize,
        /// The class without a label, or with two labels.
        class: usize,
        /// `none` or `two`.
        found: &'static str,
    },
    /// The file holds no label.
    #[error("{path}: expected labels, found none; check that it is the right file")]
    Empty {
        /// Path of the file, as given.
        path: String,
    },
    /// The number of labels differs from the number of classes.
    #[error(
        "labels: expected {classes}, one for each of the network's classes, found {labels}; \
         give the labels that the network was trained with"
    )]
    Count {
        /// Number of the network's classes.
        classes: usize,
        /// Number of labels.
        labels: usize,
    },
}
