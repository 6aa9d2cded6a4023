//! Labelled images for `resnet eval`, and images to walk for `resnet
//! classify`.
//!
//! Nothing is decoded here: a sample is a path, or the pixels that a CIFAR
//! file holds as they are.

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
    /// Opens what lies at `path`, for a network of `classes` classes, named
    /// by `labels` where its labels are known:
    ///
    /// - a **directory** of class folders, whose images may lie deeper
    ///   ([`EXTENSIONS`]; hidden files are passed over). Folders named by
    ///   label, by synset or by class index have that class; where none is,
    ///   their sorted names are numbered, as `torchvision.datasets.ImageFolder`
    ///   does. Images come sorted by path.
    /// - a **CSV** of `path,label` (a header is optional): paths start at the
    ///   CSV's folder; a label is the exact name of one of `labels`, a synset
    ///   or a class index. Images come in the order of the lines.
    /// - a **CIFAR-10** file in its binary format: for each image one label
    ///   byte and 3,072 of pixels.
    ///
    /// Which it is, the content tells; [`Dataset::with_truth`] takes a folder
    /// whose labels are in a file of their own. ImageNet's synsets are known for every
    /// network of 1,000 classes.
    ///
    /// # Errors
    /// For what is none of these, is damaged, holds no image, or has a label
    /// that the network has no class for. Image files are not looked at.
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
            // A pipe or device: reading it might never end.
            let kind = io::Error::other("it is neither a file nor a directory");
            return Err(read_error(path)(kind));
        }
        let start = read_start(path)?;
        let size = found.len();
        if start.is_empty() {
            let path = printable(path.display());
            return Err(DatasetError::NoImages { path });
        }
        let samples = match cifar::recognise(&start, size) {
            true => Samples::Cifar(cifar::Cifar::open(path, &classes)?),
            false if is_text(&start) => Samples::Files(csv_list::open(path, &classes)?),
            false => {
                return Err(DatasetError::Unrecognised {
                    path: printable(path.display()),
                    start: start[..start.len().min(8)].escape_ascii().to_string(),
                });
            }
        };
        Ok(Self {
            root: path.parent().unwrap_or(Path::new("")).to_owned(),
            samples,
            note: None,
        })
    }

    /// Opens the images in `folder`, in the order of their names, whose labels
    /// are in the file `truth`, as ILSVRC's validation set has them. Each line
    /// holds
    ///
    /// - a label alone, as many lines as there are images, line by line the
    ///   sorted images'. Numbers are class indices, but ILSVRC's own numbers in
    ///   its `ILSVRC2012_validation_ground_truth.txt`: 50,000 from 1 to 1,000,
    ///   which number the synsets in another order;
    /// - or an image's name and its label, with a space or a comma between
    ///   (`val.txt`; Kaggle's `LOC_val_solution.csv`, whose header and boxes are
    ///   passed over). The name may lack its extension. Images without a line
    ///   are left out.
    ///
    /// A label is a class index, a synset, or the name of one of `labels`.
    ///
    /// # Errors
    /// As [`Dataset::open`]; [`DatasetError::TruthLines`] for another number of
    /// lines than of images, [`DatasetError::NotThere`] for the name of an image
    /// that is not there.
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
