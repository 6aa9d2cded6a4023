//! Converts labels as written to class indices.

use super::DatasetError;
use resnet_wgpu::Labels;
use resnet_wgpu::low_level::printable;

/// The classes of the network that the images are intended for.
pub(super) struct Classes {
    /// The number of classes.
    pub count: usize,
    labels: Option<Labels>,
    /// ImageNet's classes, if the network has 1,000 classes. Label files rarely contain the synsets
    /// by which folders are named.
    imagenet: Option<Labels>,
}

impl Classes {
    /// Creates `count` classes, optionally with names.
    pub(super) fn new(labels: Option<&Labels>, count: usize) -> Self {
        Self {
            count,
            labels: labels.cloned(),
            imagenet: (count == 1000).then(Labels::imagenet),
        }
    }

    /// Returns the class with this name or synset. The class index is not checked against the
    /// count.
    pub(super) fn by_name(&self, name: &str) -> Option<usize> {
        let given = || self.labels.as_ref()?.index_of_name(name);
        let by_synset = || {
            let labels = self.imagenet.as_ref()?;
            let class = labels.index_of_name(name)?;
            (labels.synset(class) == Some(name)).then_some(class)
        };
        given().or_else(by_synset)
    }

    /// Returns the class with this name, synset or index. An error names `position`, the position of the
    /// text.
    pub(super) fn resolve(&self, text: &str, position: &str) -> Result<usize, DatasetError> {
        let class = self.by_name(text).or_else(|| text.parse().ok());
        let class = class.ok_or_else(|| DatasetError::UnknownLabel {
            position: position.to_owned(),
            found: printable(text),
        })?;
        self.check(class, position)
    }

    /// Returns `class` if the network has this class. An error names `position`, the position of the
    /// label.
    pub(super) fn check(&self, class: usize, position: &str) -> Result<usize, DatasetError> {
        if class >= self.count {
            return Err(DatasetError::LabelRange {
                position: position.to_owned(),
                found: class,
                classes: self.count,
            });
        }
        Ok(class)
    }
}
