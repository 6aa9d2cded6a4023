//! Why a path gives no labelled images.

use thiserror::Error;

/// Why a path gives no images, or none with labels. Each message is one line
/// that names the place, what was expected, what was found and the remedy.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// There is nothing at the path.
    #[error("{path}: expected a file or directory, found no such path; check its spelling")]
    NoSuchPath {
        /// Path, as given.
        path: String,
    },
    /// The operating system would not open or read it.
    #[error("{path}: cannot read it: {source}; check the path and its permissions")]
    Read {
        /// Path concerned.
        path: String,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// There are no images.
    #[error(
        "{path}: expected images ({}), found none; \
         check that it is the right place", super::EXTENSIONS.join(", ")
    )]
    NoImages {
        /// Path, as given.
        path: String,
    },
    /// A directory has no folders, which would be its classes.
    #[error(
        "{path}: expected one folder for each class, found a directory without folders; \
         sort the images into folders named by class, or give a CSV of path,label"
    )]
    NoClassFolders {
        /// Path, as given.
        path: String,
    },
    /// A directory has one folder, whose name tells no class.
    #[error(
        "{path}: expected one folder for each class, found `{folder}` alone, which is the name of \
         no class; name it by label, synset or class index, or give the folder above it"
    )]
    OneFolder {
        /// Path, as given.
        path: String,
        /// The folder's name.
        folder: String,
    },
    /// A file of labels has another number of lines than there are images.
    #[error(
        "{path}: expected a label for each of {images} images, one a line, found {lines} lines; \
         give the labels of these images, or lines of `name label`"
    )]
    TruthLines {
        /// File of the labels.
        path: String,
        /// Images in the folder.
        images: usize,
        /// Lines with a label.
        lines: usize,
    },
    /// A file of labels names an image that is not there, that several are, or
    /// that it has named before.
    #[error(
        "{path}, line {line}: expected the name of an image in {folder}, found \"{found}\", {problem}"
    )]
    NotThere {
        /// File of the labels.
        path: String,
        /// Line, counted from 1.
        line: usize,
        /// Where images were looked for.
        folder: String,
        /// The name found.
        found: String,
        /// What is wrong with it, and the remedy.
        problem: &'static str,
    },
    /// A line of a file of labels is of another form than those before it.
    #[error(
        "{path}, line {line}: expected {expected}, as the lines before it have, found \"{found}\"; \
         correct the line"
    )]
    TruthLine {
        /// File of the labels.
        path: String,
        /// Line, counted from 1.
        line: usize,
        /// The form of the lines before.
        expected: &'static str,
        /// What it holds.
        found: String,
    },
    /// A file of labels is no text.
    #[error(
        "{path}: expected a text with a label a line, found bytes that are not UTF-8; give another file"
    )]
    NotText {
        /// File of the labels.
        path: String,
    },
    /// The file is neither text nor a CIFAR-10 batch.
    #[error(
        "{path}: expected class folders, a CSV of path,label or CIFAR-10's binary format, \
         found a file that starts with \"{start}\"; check that it is the right file"
    )]
    Unrecognised {
        /// Path, as given.
        path: String,
        /// Its first bytes, escaped to printable ASCII.
        start: String,
    },
    /// A CIFAR-10 file ends within an image.
    #[error(
        "{path}: expected a multiple of {record} bytes (CIFAR-10: 1 label byte and 3072 of \
         pixels an image), found {found} bytes, {over} more than {images} images; \
         fetch the file again"
    )]
    CifarSize {
        /// Path, as given.
        path: String,
        /// Bytes of one image with its label.
        record: u64,
        /// Bytes of the file.
        found: u64,
        /// Whole images in it.
        images: u64,
        /// Bytes behind them.
        over: u64,
    },
    /// A CIFAR-10 file or CSV is too large to be held in memory.
    #[error(
        "{path}: expected a file of at most {limit} bytes, found a larger one; \
         split it"
    )]
    TooLarge {
        /// Path, as given.
        path: String,
        /// Most bytes taken.
        limit: u64,
    },
    /// A line of a CSV cannot be understood.
    #[error(
        "{path}, line {line}: expected path,label, found {found}; correct the line \
         (a field with a comma stands in double quotes)"
    )]
    Line {
        /// Path, as given.
        path: String,
        /// Line, counted from 1.
        line: u64,
        /// What it holds.
        found: String,
    },
    /// A label is higher than the network's last class.
    #[error(
        "{place}: expected a class from 0 to {}, as the network has {classes}, found {found}; \
         use the images that the network was trained for", classes.saturating_sub(1)
    )]
    LabelRange {
        /// File and line, file and image, or folder.
        place: String,
        /// The class found.
        found: usize,
        /// Classes of the network.
        classes: usize,
    },
    /// A label is the name of no class.
    #[error(
        "{place}: expected a class index, a label's exact name or a synset, found \"{found}\"; \
         correct it, or give the network's labels (--labels FILE)"
    )]
    UnknownLabel {
        /// File and line, or folder.
        place: String,
        /// The name found.
        found: String,
    },
    /// An image was asked for that is not there.
    #[error("image {index}: expected one of {len}, counted from 0; ask for a lower one")]
    NoSuchImage {
        /// The index asked for.
        index: usize,
        /// Images that there are.
        len: usize,
    },
}
