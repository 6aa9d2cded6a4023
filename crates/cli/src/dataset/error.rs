//! Errors of datasets.

use thiserror::Error;

/// A reason why a path provides no images or no labels. Each message is one line that names the
/// place, the expectation, the finding and the remedy.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// Nothing exists at the path.
    #[error("{path}: expected a file or directory, found no such path; check its spelling")]
    NoSuchPath {
        /// The path, as given.
        path: String,
    },
    /// The operating system refused to open or read the path.
    #[error("{path}: cannot read it: {source}; check the path and its permissions")]
    Read {
        /// The path.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The path contains no images.
    #[error(
        "{path}: expected images ({}), found none; \
         check that it is the right place", super::EXTENSIONS.join(", ")
    )]
    NoImages {
        /// The path, as given.
        path: String,
    },
    /// A directory contains no folders, which would be its classes.
    #[error(
        "{path}: expected one folder for each class, found a directory without folders; \
         sort the images into folders named by class, or give a CSV of path,label"
    )]
    NoClassFolders {
        /// The path, as given.
        path: String,
    },
    /// A directory contains only one folder, and the folder's name identifies no class.
    #[error(
        "{path}: expected one folder for each class, found `{folder}` alone, which is the name of \
         no class; name it by label, synset or class index, or give the folder above it"
    )]
    OneFolder {
        /// The path, as given.
        path: String,
        /// The folder's name.
        folder: String,
    },
    /// The number of lines in a label file differs from the number of images.
    #[error(
        "{path}: expected a label for each of {images} images, one a line, found {lines} lines; \
         give the labels of these images, or lines of `name label`"
    )]
    TruthLines {
        /// The label file.
        path: String,
        /// The number of images in the folder.
        images: usize,
        /// The number of lines with a label.
        lines: usize,
    },
    /// A label file names an image that does not exist, that is ambiguous, or that an earlier line
    /// names too.
    #[error(
        "{path}, line {line}: expected the name of an image in {folder}, found \"{found}\", {problem}"
    )]
    ImageNotFound {
        /// The label file.
        path: String,
        /// The line, counted from 1.
        line: usize,
        /// The folder that was searched for images.
        folder: String,
        /// The name found.
        found: String,
        /// A description of the problem, with the remedy.
        problem: &'static str,
    },
    /// A line of a label file has a different form from the lines before it.
    #[error(
        "{path}, line {line}: expected {expected}, as the lines before it have, found \"{found}\"; \
         correct the line"
    )]
    TruthLine {
        /// The label file.
        path: String,
        /// The line, counted from 1.
        line: usize,
        /// The form of the earlier lines.
        expected: &'static str,
        /// The content of the line.
        found: String,
    },
    /// A label file is not text.
    #[error(
        "{path}: expected a text with a label a line, found bytes that are not UTF-8; give another file"
    )]
    NotText {
        /// The label file.
        path: String,
    },
    /// The file is neither text nor a CIFAR-10 batch.
    #[error(
        "{path}: expected class folders, a CSV of path,label or CIFAR-10's binary format, \
         found a file that starts with \"{start}\"; check that it is the right file"
    )]
    Unrecognised {
        /// The path, as given.
        path: String,
        /// The first bytes of the file, escaped to printable ASCII.
        start: String,
    },
    /// A CIFAR-10 file ends within an image.
    #[error(
        "{path}: expected a multiple of {record} bytes (CIFAR-10: 1 label byte and 3072 of \
         pixels an image), found {found} bytes, {over} more than {images} images; \
         fetch the file again"
    )]
    CifarSize {
        /// The path, as given.
        path: String,
        /// The size in bytes of one image with its label.
        record: u64,
        /// The size of the file in bytes.
        found: u64,
        /// The number of complete images in the file.
        images: u64,
        /// The number of bytes after the last complete image.
        over: u64,
    },
    /// A CIFAR-10, CSV or label file is too large to be held in memory.
    #[error(
        "{path}: expected a file of at most {limit} bytes, found a larger one; \
         split it"
    )]
    TooLarge {
        /// The path, as given.
        path: String,
        /// The largest accepted size in bytes.
        limit: u64,
    },
    /// A line of a CSV file cannot be parsed.
    #[error(
        "{path}, line {line}: expected path,label, found {found}; correct the line \
         (a field with a comma stands in double quotes)"
    )]
    Line {
        /// The path, as given.
        path: String,
        /// The line, counted from 1.
        line: u64,
        /// The content of the line.
        found: String,
    },
    /// A label exceeds the network's last class.
    #[error(
        "{position}: expected a class from 0 to {}, as the network has {classes}, found {found}; \
         use the images that the network was trained for", classes.saturating_sub(1)
    )]
    LabelRange {
        /// The file and line, the file and image, or the folder.
        position: String,
        /// The class found.
        found: usize,
        /// The number of classes of the network.
        classes: usize,
    },
    /// A label does not name any class.
    #[error(
        "{position}: expected a class index, a label's exact name or a synset, found \"{found}\"; \
         correct it, or give the network's labels (--labels FILE)"
    )]
    UnknownLabel {
        /// The file and line, or the folder.
        position: String,
        /// The name found.
        found: String,
    },
    /// The requested image does not exist.
    #[error("image {index}: expected one of {len}, counted from 0; ask for a lower one")]
    NoSuchImage {
        /// The requested index.
        index: usize,
        /// The number of images.
        len: usize,
    },
}
