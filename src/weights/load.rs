//! Loads a checkpoint's tensors as a network's parameters.

use std::collections::HashSet;
use std::sync::Arc;

use rayon::prelude::*;

use super::stored_tensor::StoredTensor;
use super::values::Sign;
use super::{Checkpoint, CheckpointError, Listing, Mismatch};
use crate::graph::Graph;
use crate::models::Network;
use crate::monitor::{Monitor, Stage};
use crate::tensor::{Param, Params};

impl Checkpoint {
    /// Returns the tensors that `graph`, a graph of `network`, needs, under canonical names.
    ///
    /// First, names and shapes are compared. Then the whole file is read once to check every dtype
    /// and every value. The values are not kept: each later access to a tensor reads its values
    /// from the file and converts them to f32. The file must therefore not change.
    ///
    /// # Errors
    /// [`CheckpointError::Mismatch`] with every missing, unexpected and misshapen tensor;
    /// [`CheckpointError::Dtype`] for a dtype that is not floating point;
    /// [`CheckpointError::Value`] for NaN, an infinity, a negative variance or an F64 number beyond
    /// f32's range; [`CheckpointError::Read`] and [`CheckpointError::Changed`] if the file cannot
    /// be read or has changed.
    pub fn load(&self, network: &Network, graph: &Graph) -> Result<Params, CheckpointError> {
        self.load_watched(network, graph, &Monitor::default())
    }

    /// Loads parameters as [`load`](Self::load) does and reports the progress to `monitor`, which
    /// can cancel the load.
    ///
    /// # Errors
    /// The errors of [`load`](Self::load), and [`CheckpointError::Cancelled`].
    pub fn load_watched(
        &self,
        network: &Network,
        graph: &Graph,
        monitor: &Monitor,
    ) -> Result<Params, CheckpointError> {
        let listing = self.listing();
        if let Some(mismatch) = listing.mismatch(network, graph) {
            return Err(Box::new(mismatch).into());
        }
        let mut tensors = Vec::new();
        for spec in graph.params() {
            // The comparison above has shown that the listing contains every tensor.
            let entry = listing
                .get(&spec.name)
                .and_then(|s| Some((s, self.header.tensors.get(&s.name)?)));
            if let Some((stored, entry)) = entry {
                let sign = if spec.name.ends_with(".running_var") {
                    Sign::NotNegative
                } else {
                    Sign::Any
                };
                let (name, entry) = (stored.name.clone(), entry.clone());
                let storage = Arc::clone(&self.storage);
                let tensor = StoredTensor::new(storage, name, entry, spec.shape, sign);
                tensors.push((spec.name, tensor));
            }
        }
        // The tensors are checked in parallel. The error that is returned is the first in the
        // network's order, not in time.
        monitor.expect(Stage::Checked, tensors.iter().map(|(_, t)| t.bytes()).sum());
        let check = |(_, t): &(String, StoredTensor)| t.check(monitor);
        let checked: Vec<_> = tensors.par_iter().map(check).collect();
        checked.into_iter().collect::<Result<(), _>>()?;
        let mut params = Params::new();
        for (name, tensor) in tensors {
            params.insert(name, Param::later(tensor));
        }
        Ok(params)
    }
}

impl Listing {
    /// Returns all differences between the listed tensors and the tensors that `graph`, a graph of
    /// `network`, needs. Returns `None` if the tensors fit.
    pub fn mismatch(&self, network: &Network, graph: &Graph) -> Option<Mismatch> {
        let mut found = Mismatch {
            file: self.file().to_owned(),
            network: network.name.clone(),
            missing: vec![],
            unexpected: vec![],
            misshapen: vec![],
        };
        let specs = graph.params();
        for spec in &specs {
            match self.get(&spec.name) {
                None => {
                    let name = network.checkpoint_name(&spec.name);
                    let name = format!("{}{name}", self.prefix());
                    found.missing.push((name, spec.shape.clone()));
                }
                Some(stored) if !same(&spec.name, &stored.shape, &spec.shape) => {
                    let (expected, shape) = (spec.shape.clone(), stored.shape.clone());
                    found.misshapen.push((stored.name.clone(), expected, shape));
                }
                Some(_) => {}
            }
        }
        let needed: HashSet<&str> = specs.iter().map(|s| s.name.as_str()).collect();
        found.unexpected = self
            .iter()
            .filter(|(canonical, _)| !needed.contains(canonical))
            .map(|(_, stored)| stored)
            .chain(self.unknown())
            .map(|stored| (stored.name.clone(), stored.shape.clone()))
            .collect();
        let fits =
            found.missing.is_empty() && found.unexpected.is_empty() && found.misshapen.is_empty();
        (!fits).then_some(found)
    }
}

/// Returns whether a stored shape can be used as the expected shape: both hold the same numbers in
/// the same order.
///
/// A checkpoint may store a linear layer's weight as the weight of a 1×1 convolution. timm stores
/// the weight of VGG's first linear layer as a convolution over all 7×7 pixels.
fn same(name: &str, stored: &[usize], expected: &[usize]) -> bool {
    let as_convolution = |o, i: usize, side: usize| {
        let inputs = i.checked_mul(side * side);
        matches!(expected, &[out, inp] if out == o && inputs == Some(inp))
    };
    stored == expected
        || match *stored {
            [o, i, 1, 1] => as_convolution(o, i, 1),
            [o, i, 7, 7] => name == "classifier.0.weight" && as_convolution(o, i, 7),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Naming;
    use crate::weights::Hints;

    #[test]
    fn every_difference_is_listed_at_once() {
        let mut net = Network::preset("resnet20").unwrap();
        net.naming = Naming::Cifar;
        let graph = net.graph(32, 32).unwrap();
        let mut tensors: Vec<(String, Vec<usize>)> = graph
            .params()
            .into_iter()
            .map(|s| (format!("module.{}", net.checkpoint_name(&s.name)), s.shape))
            .collect();
        assert_eq!(
            Listing::new("f", tensors.clone()).mismatch(&net, &graph),
            None
        );
        tensors.retain(|t| !t.0.starts_with("module.linear"));
        tensors.push(("module.linear.weight".into(), vec![7, 64]));
        tensors.push(("module.extra".into(), vec![1, 2]));
        tensors.push(("module.layer1.3.conv1.weight".into(), vec![3]));
        tensors.push(("module.bn1.num_batches_tracked".into(), vec![]));
        let found = Listing::new("f", tensors).mismatch(&net, &graph).unwrap();
        assert_eq!(found.missing, [("module.linear.bias".into(), vec![10])]);
        assert_eq!(found.unexpected.len(), 2);
        assert_eq!(found.misshapen[0].0, "module.linear.weight");
        let text = found.to_string();
        assert!(text.contains("misshapen  module.linear.weight: expected [10, 64], found [7, 64]"));
        assert!(text.contains("unexpected module.extra: found [1, 2]"));
    }

    #[test]
    fn a_1x1_convolution_is_a_linear_layer() {
        let same = |stored: &[usize], expected: &[usize]| same("fc.weight", stored, expected);
        assert!(same(&[10, 64, 1, 1], &[10, 64]));
        assert!(!same(&[10, 64, 1], &[10, 64]) && !same(&[10, 64], &[10, 64, 1, 1]));
        assert!(!same(&[10, 64, 7, 7], &[10, 64 * 49]));
        assert!(!same(&[10, usize::MAX, 7, 7], &[10, 64]));
    }

    #[test]
    fn timms_vgg_is_vgg() {
        for name in ["vgg19", "vgg19-bn"] {
            let net = Network::preset(name).unwrap();
            let graph = net.graph(224, 224).unwrap();
            let renamed = graph.params().into_iter().map(|spec| {
                let stored = (spec.name.as_str())
                    .replace("classifier.0", "pre_logits.fc1")
                    .replace("classifier.3", "pre_logits.fc2")
                    .replace("classifier.6", "head.fc");
                let shape = match stored.as_str() {
                    "pre_logits.fc1.weight" => vec![4096, 512, 7, 7],
                    "pre_logits.fc2.weight" => vec![4096, 4096, 1, 1],
                    _ => spec.shape,
                };
                (stored, shape)
            });
            let listing = Listing::new("f", renamed.collect::<Vec<_>>());
            let found = listing.recognise(&Hints::default(), &Default::default());
            assert_eq!(found.unwrap().network.name, name);
            assert_eq!(listing.mismatch(&net, &graph), None);
        }
    }
}
