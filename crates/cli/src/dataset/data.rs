//! Labelled images in any of the supported formats.

use std::path::PathBuf;

use resnet_wgpu::low_level::printable;

use super::cifar::Cifar;
use super::error::DatasetError;
use super::sample::{Sample, SampleSource};

/// Labelled images in a fixed order.
///
/// ```no_run
/// use resnet_wgpu_cli::dataset::Dataset;
/// use resnet_wgpu::Labels;
///
/// let labels = Labels::cifar10();
/// let data = Dataset::open("test_batch.bin", Some(&labels), 10)?;
/// for i in 0..data.len() {
///     let sample = data.get(i)?;
///     println!("{}", labels.get(sample.label));
/// }
/// # Ok::<(), resnet_wgpu_cli::dataset::DatasetError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The folder to which the images' names are relative.
    pub(super) root: PathBuf,
    pub(super) samples: Samples,
    pub(super) note: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) enum Samples {
    Files(Vec<(PathBuf, usize)>),
    Cifar(Cifar),
}

impl Dataset {
    /// Returns the number of images, which is at least one.
    pub fn len(&self) -> usize {
        match &self.samples {
            Samples::Files(files) => files.len(),
            Samples::Cifar(cifar) => cifar.len(),
        }
    }

    /// Returns whether the dataset has no images. Always false for an opened dataset.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the `index`-th image, counted from 0.
    ///
    /// # Errors
    /// [`DatasetError::NoSuchImage`] if `index` is not below [`len`](Self::len).
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

    /// Returns the unique name of an image: its path relative to the folder of the images or of the
    /// list. In a CIFAR file, the name is the index, such as `#17`. Empty if `index` is not below
    /// [`len`](Self::len).
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

    /// Returns the class of the `index`-th image; `None` if `index` is not below
    /// [`len`](Self::len).
    pub fn label(&self, index: usize) -> Option<usize> {
        match &self.samples {
            Samples::Files(files) => files.get(index).map(|(_, label)| *label),
            Samples::Cifar(cifar) => cifar.label(index),
        }
    }

    /// Returns a one-line note for the user if the classes had to be guessed.
    ///
    /// Classes are guessed if folders are numbered in the order of their names and their number
    /// differs from the number of classes, or if numbers may count from 0 or from 1.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}
