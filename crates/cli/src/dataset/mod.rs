//! Labelled images for `resnet eval`, and images to walk for `resnet
//! classify`.
//!
//! Nothing is decoded here: a sample is a path, or the pixels that a CIFAR
//! file holds as they are.

mod cifar;
mod class;
mod csv_list;
mod error;
mod folders;
mod ilsvrc;
mod truth;
mod walk;

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub use error::DatasetError;
pub use walk::{EXTENSIONS, find_images};

use class::Classes;
use resnet_wgpu::labels::Labels;
use resnet_wgpu::low_level::printable;

/// Most bytes of a file that is held in memory; CIFAR-10's largest has 30 MB.
const MAX_BYTES: u64 = 1 << 30;

/// An image with its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Class index, below the network's class count.
    pub label: usize,
    /// Where the pixels are.
    pub source: SampleSource,
}

/// Where a sample's pixels are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SampleSource {
    /// In an image file, yet to be decoded. It has not been looked at: it may
    /// be missing or broken.
    File(PathBuf),
    /// Here, decoded.
    Rgb {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Red, green and blue of each pixel, 0 to 255, row by row: `[H, W, 3]`.
        data: Vec<u8>,
    },
}

/// Labelled images in a fixed order.
///
/// ```no_run
/// use crate::dataset::Dataset;
/// use resnet_wgpu::labels::Labels;
///
/// let labels = Labels::cifar10();
/// let data = Dataset::open("test_batch.bin", Some(&labels), 10)?;
/// for i in 0..data.len() {
///     let sample = data.get(i)?;
///     println!("{}", labels.get(sample.label));
/// }
/// # Ok::<(), crate::dataset::DatasetError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Dataset {
    /// What images' names start at.
    root: PathBuf,
    samples: Samples,
    note: Option<String>,
}

#[derive(Debug, Clone)]
enum Samples {
    Files(Vec<(PathBuf, usize)>),
    Cifar(cifar::Cifar),
}

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

    /// How many images there are; at least one.
    pub fn len(&self) -> usize {
        match &self.samples {
            Samples::Files(files) => files.len(),
            Samples::Cifar(cifar) => cifar.len(),
        }
    }

    /// Whether there are none; a dataset that opened has some.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `index`-th image, counted from 0.
    ///
    /// # Errors
    /// [`DatasetError::NoSuchImage`] from [`len`](Self::len) on.
    pub fn get(&self, index: usize) -> Result<Sample, DatasetError> {
        let sample = match &self.samples {
            Samples::Files(files) => files.get(index).map(|(path, label)| Sample {
                label: *label,
                source: SampleSource::File(path.clone()),
            }),
            Samples::Cifar(cifar) => cifar.get(index),
        };
        let len = self.len();
        sample.ok_or(DatasetError::NoSuchImage { index, len })
    }

    /// A name that no other image has: its path below the folder, or below that
    /// of the list; of a CIFAR file its place in it, such as `#17`. Empty from
    /// [`len`](Self::len) on.
    pub fn name(&self, index: usize) -> String {
        match &self.samples {
            Samples::Files(files) => files.get(index).map_or(String::new(), |(path, _)| {
                let below = path.strip_prefix(&self.root).unwrap_or(path);
                printable(below.display())
            }),
            Samples::Cifar(cifar) if index < cifar.len() => format!("#{index}"),
            Samples::Cifar(_) => String::new(),
        }
    }

    /// The class of the `index`-th image; `None` from [`len`](Self::len) on.
    pub fn label(&self, index: usize) -> Option<usize> {
        match &self.samples {
            Samples::Files(files) => files.get(index).map(|(_, label)| *label),
            Samples::Cifar(cifar) => cifar.label(index),
        }
    }

    /// One line to show to the user where the classes had to be guessed:
    /// folders numbered in the order of their names, but not as many as the
    /// network has classes; numbers that may count from 0 or from 1.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

/// What is at the path, links followed.
fn metadata(path: &Path) -> Result<fs::Metadata, DatasetError> {
    fs::metadata(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => DatasetError::NoSuchPath {
            path: printable(path.display()),
        },
        _ => read_error(path)(source),
    })
}

/// Makes a [`DatasetError::Read`] for that path.
fn read_error(path: &Path) -> impl Fn(io::Error) -> DatasetError {
    let path = printable(path.display());
    move |source| DatasetError::Read {
        path: path.clone(),
        source,
    }
}

/// The first bytes of a file, enough to tell its format.
fn read_start(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let mut start = Vec::new();
    let file = File::open(path).map_err(read_error(path))?;
    let mut limited = file.take(1 << 13);
    limited.read_to_end(&mut start).map_err(read_error(path))?;
    Ok(start)
}

/// All bytes of a file of at most [`MAX_BYTES`].
fn read_whole(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(read_error(path))?;
    // One byte more tells a file that is too long from one that just fits.
    let mut limited = file.take(MAX_BYTES + 1);
    limited.read_to_end(&mut bytes).map_err(read_error(path))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(DatasetError::TooLarge {
            path: printable(path.display()),
            limit: MAX_BYTES,
        });
    }
    Ok(bytes)
}

/// Whether the start of a file is UTF-8 without control characters but tabs
/// and line ends. A character cut off at the end does not count.
fn is_text(start: &[u8]) -> bool {
    let whole = match std::str::from_utf8(start) {
        Err(e) if e.error_len().is_some() => return false,
        Err(e) => &start[..e.valid_up_to()],
        Ok(_) => start,
    };
    let control = |b: &u8| b.is_ascii_control() && !b"\t\r\n".contains(b);
    !whole.is_empty() && !whole.iter().any(control)
}
