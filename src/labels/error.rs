//! Why labels cannot be read or do not fit.

use thiserror::Error;

/// Why there are no labels, or not these. Each message is one line that
/// names the file, what was expected, what was found and the remedy.
///
/// ```
/// use resnet_wgpu::Labels;
/// use resnet_wgpu::low_level::labels::LabelsError;
///
/// // CIFAR-10's labels for a network of ImageNet's classes.
/// let error = Labels::cifar10().check(1000).unwrap_err();
/// assert!(matches!(error, LabelsError::Count { classes: 1000, labels: 10 }));
/// assert!(error.to_string().contains("give the labels that the network was trained with"));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LabelsError {
    /// The operating system would not open or read the file.
    #[error("{path}: cannot read the labels: {source}; check the path and its permissions")]
    Read {
        /// File, as given.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The file is far larger than labels are.
    #[error(
        "{path}: expected labels of at most {limit} bytes, found a larger file; \
         check that it is the right file"
    )]
    TooLarge {
        /// File, as given.
        path: String,
        /// Most bytes read.
        limit: u64,
    },
    /// The file is not UTF-8 text.
    #[error(
        "{path}: expected labels as UTF-8 text, found other bytes; check that it is the right file, or convert it to UTF-8"
    )]
    NotText {
        /// File, as given.
        path: String,
    },
    /// The file looks like JSON, but is not, or not labels.
    #[error(
        "{path}: expected a JSON array of names or an object like {{\"0\": \"tench\"}}, \
         found {found}; correct the file"
    )]
    Json {
        /// File, as given.
        path: String,
        /// What was found, or the parser's reason.
        found: String,
    },
    /// A line cannot be understood.
    #[error("{path}, line {line}: expected {expected}, found {found}; correct the line")]
    Line {
        /// File, as given.
        path: String,
        /// Line, counted from 1.
        line: usize,
        /// What a line should hold.
        expected: &'static str,
        /// What it holds.
        found: String,
    },
    /// A class between the first and the last has no label, or two.
    #[error(
        "{path}: expected one label for each class from 0 to {last}, found {found} for class {class}; correct the file"
    )]
    Classes {
        /// File, as given.
        path: String,
        /// The highest class in the file, or that its labels have room for.
        last: usize,
        /// The class concerned.
        class: usize,
        /// `none` or `two`.
        found: &'static str,
    },
    /// The file holds no label.
    #[error("{path}: expected labels, found none; check that it is the right file")]
    Empty {
        /// File, as given.
        path: String,
    },
    /// There are more or fewer labels than classes.
    #[error(
        "labels: expected {classes}, one for each of the network's classes, found {labels}; \
         give the labels that the network was trained with"
    )]
    Count {
        /// Classes of the network.
        classes: usize,
        /// Labels that there are.
        labels: usize,
    },
}
