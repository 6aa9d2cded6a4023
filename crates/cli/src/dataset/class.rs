//! From a label as written to a class index.

use super::DatasetError;
use resnet_wgpu::Labels;
use resnet_wgpu::low_level::printable;

/// The classes of the network that the images are for.
pub(super) struct Classes {
    /// How many there are.
    pub count: usize,
    labels: Option<Labels>,
    /// ImageNet's classes, where the network may have them: labels from a
    /// file seldom have the synsets that folders are named by.
    imagenet: Option<Labels>,
}

impl Classes {
    /// `count` classes, perhaps with names.
    pub(super) fn new(labels: Option<&Labels>, count: usize) -> Self {
        Self {
            count,
            labels: labels.cloned(),
            imagenet: (count == 1000).then(Labels::imagenet),
        }
    }

    /// The class of that name or synset. Not checked against the count.
    pub(super) fn by_name(&self, name: &str) -> Option<usize> {
        let given = || self.labels.as_ref()?.index_of_name(name);
        let by_synset = || {
            let labels = self.imagenet.as_ref()?;
            let class = labels.index_of_name(name)?;
            (labels.synset(class) == Some(name)).then_some(class)
        };
        given().or_else(by_synset)
    }

    /// The class of that name, synset or index, found at `place`.
    pub(super) fn resolve(&self, text: &str, place: &str) -> Result<usize, DatasetError> {
        let class = self.by_name(text).or_else(|| text.parse().ok());
        let class = class.ok_or_else(|| DatasetError::UnknownLabel {
            place: place.to_owned(),
            found: printable(text),
        })?;
        self.check(class, place)
    }

    /// `class`, found at `place`, if the network has it.
    pub(super) fn check(&self, class: usize, place: &str) -> Result<usize, DatasetError> {
        if class >= self.count {
            return Err(DatasetError::LabelRange {
                place: place.to_owned(),
                found: class,
                classes: self.count,
            });
        }
        Ok(class)
    }
}
