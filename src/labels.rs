//! Names of classes: built in for ImageNet and CIFAR-10, or read from a file.

mod error;
mod parse;

use std::borrow::Cow;
use std::path::Path;

use crate::printable::printable;

pub use error::LabelsError;

/// The classes of ImageNet-1k as `class,synset,name`, with torchvision's names.
const IMAGENET: &str = include_str!("../data/imagenet_classes.csv");

/// The classes of CIFAR-10, in the order of the data set's label bytes.
const CIFAR10: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];

/// One class: its name and, if known, its WordNet synset (`n01440764`).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Label {
    name: String,
    synset: Option<String>,
}

/// The names of a network's classes, by class index.
///
/// ```
/// use resnet_wgpu::Labels;
///
/// let labels = Labels::builtin(1000).expect("ImageNet's are built in");
/// assert_eq!(labels.get(285), "Egyptian cat");
/// assert_eq!(labels.index_of("n02124075"), Some(285));
/// // For a class without a name, the text contains the index.
/// assert_eq!(labels.get(1000), "class 1000");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    labels: Vec<Label>,
    assumed: bool,
}

impl Labels {
    /// Returns the 1,000 classes of ImageNet-1k with torchvision's names and their synsets.
    pub fn imagenet() -> Self {
        // The file is part of this crate and a test counts its classes, so no line is dropped here.
        let classes = IMAGENET.lines().skip(1).filter_map(|line| {
            let (_class, rest) = line.split_once(',')?;
            let (synset, name) = rest.split_once(',')?;
            Some(Label::new(name, Some(synset)))
        });
        Self {
            labels: classes.collect(),
            assumed: false,
        }
    }

    /// Returns the ten classes of CIFAR-10.
    pub fn cifar10() -> Self {
        let classes = CIFAR10.iter().map(|name| Label::new(name, None));
        Self {
            labels: classes.collect(),
            assumed: false,
        }
    }

    /// Returns the built-in labels for a network of `classes` classes: ImageNet's labels for 1,000,
    /// CIFAR-10's labels for 10, and `None` for any other number.
    pub fn builtin(classes: usize) -> Option<Self> {
        match classes {
            1000 => Some(Self::imagenet()),
            10 => Some(Self::cifar10()),
            _ => None,
        }
    }

    /// Creates labels from names by class index. Control characters in a name become spaces, so
    /// that a label prints on one line.
    pub fn from_list(names: Vec<String>) -> Self {
        let labels = names.iter().map(|name| Label::new(name, None));
        Self {
            labels: labels.collect(),
            assumed: false,
        }
    }

    /// Marks the labels as an assumption: the network is assumed to know these classes only because
    /// their number fits.
    pub(crate) fn assumed(self) -> Self {
        Self {
            assumed: true,
            ..self
        }
    }

    /// Returns whether the labels are an assumption that no file confirms. ImageNet's or CIFAR-10's
    /// labels are assumed if their number and the network's stem fit.
    pub fn is_assumed(&self) -> bool {
        self.assumed
    }

    /// Reads labels from a UTF-8 file. The content determines the format:
    ///
    /// - JSON: an array of names; an object `{"0": "tench", …}`; such an object as the `id2label`
    ///   of a `config.json`; or Keras's `{"0": ["n01440764", "tench"], …}`;
    /// - CSV with the header `class,synset,name`, with the classes in any order;
    /// - otherwise text with one label on each line; the first line is class 0.
    ///
    /// # Errors
    /// An error if the file cannot be read, has none of these formats, names no class, or omits or
    /// repeats a class.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, LabelsError> {
        let labels = parse::file(path.as_ref())?;
        Ok(Self {
            labels,
            assumed: false,
        })
    }

    /// Returns the number of classes that have a label.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Returns whether no class has a label.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Returns the name of the class, or a text such as `class 17` if the class has no name.
    pub fn get(&self, class: usize) -> Cow<'_, str> {
        match self.labels.get(class) {
            Some(label) => Cow::Borrowed(&label.name),
            None => Cow::Owned(format!("class {class}")),
        }
    }

    /// Returns the WordNet synset of the class (`n01440764`) if it is known.
    pub fn synset(&self, class: usize) -> Option<&str> {
        self.labels.get(class)?.synset.as_deref()
    }

    /// Returns the class with that exact name. If no name matches, returns the class with that
    /// synset, then the class with that index in decimal digits. Returns `None` if no class
    /// matches.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        let index = || name.parse().ok().filter(|&i: &usize| i < self.len());
        self.index_of_name(name).or_else(index)
    }

    /// Returns the class as [`index_of`](Self::index_of) does, but does not accept an index.
    pub fn index_of_name(&self, name: &str) -> Option<usize> {
        let find = |is: &dyn Fn(&Label) -> bool| self.labels.iter().position(is);
        find(&|label| label.name == name)
            .or_else(|| find(&|label| label.synset.as_deref() == Some(name)))
    }

    /// Checks that the number of labels equals the network's number of classes.
    ///
    /// # Errors
    /// [`LabelsError::Count`] if the numbers differ.
    pub fn check(&self, classes: usize) -> Result<(), LabelsError> {
        if self.len() != classes {
            return Err(LabelsError::Count {
                classes,
                labels: self.len(),
            });
        }
        Ok(())
    }
}

impl Label {
    fn new(name: &str, synset: Option<&str>) -> Self {
        Self {
            name: printable(name.trim()),
            synset: synset.map(|synset| printable(synset.trim())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imagenet_has_a_thousand_distinct_classes() {
        let labels = Labels::imagenet();
        assert_eq!(labels.len(), 1000);
        for class in 0..1000 {
            assert_eq!(labels.index_of(&labels.get(class)), Some(class));
            let synset = labels.synset(class).unwrap();
            assert!(synset.len() == 9 && synset.starts_with('n'), "{synset}");
            assert_eq!(labels.index_of(synset), Some(class));
            assert_eq!(labels.index_of(&class.to_string()), Some(class));
        }
        assert_eq!(
            (labels.get(0), labels.get(999)),
            ("tench".into(), "toilet tissue".into())
        );
        assert_eq!(labels.index_of("1000"), None);
        assert_eq!(labels.index_of("no such thing"), None);
    }

    #[test]
    fn the_class_count_chooses_the_builtin_labels() {
        assert_eq!(Labels::builtin(10).unwrap().get(9), "truck");
        assert_eq!(Labels::builtin(1000), Some(Labels::imagenet()));
        assert_eq!(Labels::builtin(100), None);
    }

    #[test]
    fn names_come_before_indices() {
        let labels = Labels::from_list(vec!["1".into(), "0".into(), "two\n".into()]);
        assert_eq!(labels.index_of("0"), Some(1));
        assert_eq!(labels.index_of("2"), Some(2));
        assert_eq!(labels.index_of_name("2"), None);
        assert_eq!(labels.get(2), "two");
        assert_eq!(labels.get(3), "class 3");
        assert_eq!(labels.synset(0), None);
        assert!(!labels.is_empty());
    }

    #[test]
    fn a_wrong_count_names_both_and_the_remedy() {
        let found = Labels::cifar10().check(1000).unwrap_err().to_string();
        assert_eq!(
            found,
            "labels: expected 1000, one for each of the network's classes, found 10; \
             give the labels that the network was trained with"
        );
        assert!(Labels::cifar10().check(10).is_ok());
    }
}
