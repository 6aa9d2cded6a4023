//! Labelled images for `resnet eval`, and directory walking for `resnet classify`.
//!
//! This module decodes nothing: a sample is either a path or the raw pixels of a CIFAR file.

mod cifar;
mod class;
mod csv_list;
mod data;
mod error;
mod files;
mod folders;
mod ilsvrc;
mod sample;
mod truth;
mod walk;

#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

pub use data::Dataset;
pub use error::DatasetError;
pub use sample::{Sample, SampleSource};
pub use walk::{EXTENSIONS, find_images};

use class::Classes;
use data::Samples;
use files::{is_text, metadata, read_error, read_start};
use resnet_wgpu::Labels;
use resnet_wgpu::low_level::printable;

impl Dataset {
    /// Opens the labelled images at `path` for a network of `classes` classes. `labels` are the
    /// names of the classes, if known. The format is recognised from the content:
    ///
    /// - a **directory** of class folders, whose images may lie in subfolders ([`EXTENSIONS`];
    ///   hidden files are skipped). A folder whose name is a label, a synset or a class index has
    ///   that class. If no name is one of these, the sorted names are numbered, as in
    ///   `torchvision.datasets.ImageFolder`. Images are sorted by path.
    /// - a **CSV** file of `path,label` (a header is optional). Relative paths start at the folder
    ///   of the CSV file. A label is the exact name of one of `labels`, a synset or a class index.
    ///   Images are in the order of the lines.
    /// - a **CIFAR-10** file in the binary format: for each image one label byte and 3,072 bytes of
    ///   pixels.
    ///
    /// [`Dataset::with_truth`] opens a folder whose labels are in a separate file. ImageNet's
    /// synsets are known for every network of 1,000 classes.
    ///
    /// # Errors
    /// The path has none of these formats, is damaged, contains no image, or has a label that is
    /// not a class of the network. The content of image files is not checked.
    pub fn open(
        path: impl AsRef<Path>,
        labels: Option<&Labels>,
        classes: usize,
    ) -> Result<Self, DatasetError> {
        let path = path.as_ref();
        let classes = Classes::new(labels, classes);
        let found = metadata(path)?;
        if found.is_dir() {
            return folders::open(path, &classes);
        }
        if !found.is_file() {
            // Reading a pipe or a device might never end.
            let kind = io::Error::other("it is neither a file nor a directory");
            return Err(read_error(path)(kind));
        }
        let start = read_start(path)?;
        let size = found.len();
        if start.is_empty() {
            let path = printable(path.display());
            return Err(DatasetError::NoImages { path });
        }
        let samples = if cifar::recognise(&start, size) {
            Samples::Cifar(cifar::Cifar::open(path, &classes)?)
        } else if is_text(&start) {
            Samples::Files(csv_list::open(path, &classes)?)
        } else {
            return Err(DatasetError::Unrecognised {
                path: printable(path.display()),
                start: start[..start.len().min(8)].escape_ascii().to_string(),
            });
        };
        Ok(Self {
            root: path.parent().unwrap_or(Path::new("")).to_owned(),
            samples,
            note: None,
        })
    }

    /// Opens the images in `folder`, sorted by name, with their labels from the file `truth`, which
    /// is the layout of ILSVRC's validation set. Each line of `truth` holds either
    ///
    /// - a label alone: one line for each image, in the order of the sorted images. Numbers are
    ///   class indices. The exception is ILSVRC's `ILSVRC2012_validation_ground_truth.txt`, whose
    ///   50,000 numbers from 1 to 1,000 number the synsets in a different order;
    /// - or an image's name and its label, separated by a space or a comma (`val.txt`; Kaggle's
    ///   `LOC_val_solution.csv`, whose header and boxes are skipped). The name may omit its
    ///   extension. Images without a line are left out.
    ///
    /// A label is a class index, a synset, or the name of one of `labels`.
    ///
    /// # Errors
    /// The errors of [`Dataset::open`]; [`DatasetError::TruthLines`] if the number of lines differs
    /// from the number of images; [`DatasetError::ImageNotFound`] if a named image does not exist.
    pub fn with_truth(
        folder: impl AsRef<Path>,
        truth: impl AsRef<Path>,
        labels: Option<&Labels>,
        classes: usize,
    ) -> Result<Self, DatasetError> {
        let classes = Classes::new(labels, classes);
        truth::open(folder.as_ref(), truth.as_ref(), &classes)
    }
}
