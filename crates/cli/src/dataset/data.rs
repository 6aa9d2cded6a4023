//! Labelled images, however they are stored.

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
    /// What images' names start at.
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
