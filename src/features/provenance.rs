//! The provenance of features. Features are comparable only if their provenance is the same.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::graph::{Graph, Op};
use crate::model::Model;
use crate::preprocess::Preprocess;
use crate::printable::printable;

/// The provenance of features: model, layer and preprocessing.
///
/// ```
/// use resnet_wgpu::Model;
/// use resnet_wgpu::low_level::features::FeaturesProvenance;
///
/// let model = Model::embedded()?;
/// let preprocess = model.preprocess(&Default::default())?;
/// let pooled = FeaturesProvenance::new(&model, "avgpool", &preprocess)?;
/// let normalized = FeaturesProvenance { normalized: true, ..pooled.clone() };
/// assert!(pooled.is_comparable(&normalized));
/// let deeper = FeaturesProvenance { layer: "layer3".into(), ..pooled.clone() };
/// assert!(!pooled.is_comparable(&deeper));
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeaturesProvenance {
    /// The network's name.
    pub model: String,
    /// The fingerprint of the weights, see [`Model::fingerprint`].
    pub weights: String,
    /// The module whose output the features are.
    pub layer: String,
    /// A description of the preprocessing.
    pub preprocess: String,
    /// True if each row was divided by its Euclidean length.
    pub normalized: bool,
}

const KEYS: [&str; 5] = ["model", "weights", "layer", "preprocess", "normalized"];

impl FeaturesProvenance {
    /// Creates the provenance for the rows of a layer, which are not normalised. The weights are
    /// read to compute their fingerprint.
    ///
    /// # Errors
    /// An error if the weights cannot be read.
    pub fn new(model: &Model, layer: &str, preprocess: &Preprocess) -> Result<Self, Error> {
        Ok(Self {
            model: model.network().name.clone(),
            weights: model.fingerprint()?,
            layer: layer.into(),
            preprocess: format!("{preprocess:?}"),
            normalized: false,
        })
    }

    /// Returns the provenance as metadata of a file's header.
    pub(super) fn metadata(&self) -> BTreeMap<&'static str, String> {
        let values = [
            &self.model,
            &self.weights,
            &self.layer,
            &self.preprocess,
            &self.normalized.to_string(),
        ];
        KEYS.into_iter().zip(values.map(String::clone)).collect()
    }

    /// Reads the provenance from a header's metadata. Returns the name of the missing key as an
    /// error.
    pub(super) fn read(metadata: &BTreeMap<String, String>) -> Result<Self, &'static str> {
        let value = |key: &'static str| metadata.get(key).map(printable).ok_or(key);
        Ok(Self {
            model: value(KEYS[0])?,
            weights: value(KEYS[1])?,
            layer: value(KEYS[2])?,
            preprocess: value(KEYS[3])?,
            normalized: value(KEYS[4])? == "true",
        })
    }

    /// Returns whether features of the two provenances are comparable. Normalisation of the lengths
    /// does not matter.
    pub fn is_comparable(&self, other: &Self) -> bool {
        let lengths_aside = |provenance: &Self| Self {
            normalized: false,
            ..provenance.clone()
        };
        lengths_aside(self) == lengths_aside(other)
    }
}

impl std::fmt::Display for FeaturesProvenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            model,
            weights,
            layer,
            preprocess,
            ..
        } = self;
        write!(f, "{model}, weights {weights}, layer {layer}, {preprocess}")
    }
}

/// Returns the module whose output is the usual feature vector: the input of the last linear layer.
/// For a ResNet this is `avgpool`.
pub fn pooled_layer(graph: &Graph) -> Option<String> {
    let last = graph
        .nodes
        .iter()
        .rfind(|node| matches!(node.op, Op::Linear(_)))?;
    let mut node = graph.node(*last.inputs.first()?);
    // A flatten is not a module, and does not change the order of the values.
    while node.op == Op::Flatten {
        node = graph.node(*node.inputs.first()?);
    }
    Some(node.name.clone())
}
