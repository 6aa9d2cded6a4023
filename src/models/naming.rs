//! Conversion between torchvision's tensor names and those of other libraries. This crate uses
//! torchvision's names throughout; they are called canonical.

mod module;

use super::network::{Naming, Network};
use module::{Module, Part, read_module};

/// The last components of the tensor names of convolutions, batch norms and linear layers.
const LEAVES: [&str; 5] = [
    "weight",
    "bias",
    "running_mean",
    "running_var",
    "num_batches_tracked",
];

impl Network {
    /// Returns the name that this network's checkpoint gives to a tensor or module of the graph,
    /// according to the network's [`Naming`].
    ///
    /// ```
    /// use resnet_wgpu::Network;
    /// use resnet_wgpu::low_level::models::Naming;
    /// let mut net = Network::preset("resnet50").unwrap();
    /// net.naming = Naming::HuggingFace;
    /// assert_eq!(
    ///     net.checkpoint_name("layer2.0.downsample.0.weight"),
    ///     "resnet.encoder.stages.1.layers.0.shortcut.convolution.weight"
    /// );
    /// ```
    pub fn checkpoint_name(&self, canonical: &str) -> String {
        self.naming.stored_name(canonical)
    }
}

impl Naming {
    /// Returns the name that a checkpoint of this naming gives to the tensor or module that
    /// torchvision calls `canonical`. A name without a counterpart in this naming stays unchanged.
    pub fn stored_name(self, canonical: &str) -> String {
        let (module, leaf) = split_leaf(canonical);
        let stored = match (self, Module::parse(module)) {
            (Naming::Torchvision, _) | (_, None) => module.to_owned(),
            (naming, Some(module)) => naming.module_name(&module),
        };
        join(&stored, leaf)
    }

    fn module_name(self, module: &Module) -> String {
        use Naming::{Cifar, HuggingFace, TimmV2};
        match (self, module) {
            (Cifar, Module::Top("fc")) => "linear".into(),
            (Cifar, Module::Block(s, b, Part::Downsample(i))) => {
                format!("layer{s}.{b}.shortcut.{i}")
            }
            (TimmV2, Module::Top("conv1")) => "stem.conv".into(),
            (TimmV2, Module::Top("bn")) => "norm".into(),
            (TimmV2, Module::Top("fc")) => "head.fc".into(),
            (TimmV2, Module::Block(s, b, part)) => {
                let part = match part {
                    Part::Conv(i) => format!("conv{i}"),
                    Part::Norm(i) => format!("norm{i}"),
                    Part::Downsample(0) => "downsample.conv".into(),
                    Part::Downsample(_) => "downsample.norm".into(),
                };
                format!("stages.{}.blocks.{b}.{part}", s - 1)
            }
            (HuggingFace, Module::Top("conv1")) => "resnet.embedder.embedder.convolution".into(),
            (HuggingFace, Module::Top("bn1")) => "resnet.embedder.embedder.normalization".into(),
            (HuggingFace, Module::Top("fc")) => "classifier.1".into(),
            (HuggingFace, Module::Block(s, b, part)) => {
                let part = match part {
                    Part::Conv(i) => format!("layer.{}.convolution", i - 1),
                    Part::Norm(i) => format!("layer.{}.normalization", i - 1),
                    Part::Downsample(0) => "shortcut.convolution".into(),
                    Part::Downsample(_) => "shortcut.normalization".into(),
                };
                format!("resnet.encoder.stages.{}.layers.{b}.{part}", s - 1)
            }
            (_, module) => module.canonical(),
        }
    }

    /// Reads a stored tensor name. Returns the canonical name and the naming that the stored name
    /// indicates. The naming is `None` if several namings share the stored name.
    ///
    /// Returns `None` if the name belongs to no tensor of a ResNet. The caller must have removed a
    /// prefix such as `module.`.
    ///
    /// ```
    /// use resnet_wgpu::low_level::models::Naming;
    /// let (canonical, naming) = Naming::canonical_name("layer2.0.shortcut.0.weight").unwrap();
    /// assert_eq!(canonical, "layer2.0.downsample.0.weight");
    /// assert_eq!(naming, Some(Naming::Cifar));
    /// assert!(Naming::canonical_name("encoder.layer.0.attention.query.weight").is_none());
    /// ```
    pub fn canonical_name(stored: &str) -> Option<(String, Option<Naming>)> {
        let (module, leaf) = split_leaf(stored);
        if leaf.is_empty() {
            return None;
        }
        let (module, naming) = read_module(module)?;
        Some((join(&module.canonical(), leaf), naming))
    }
}

fn split_leaf(name: &str) -> (&str, &str) {
    match name.rsplit_once('.') {
        Some((module, leaf)) if LEAVES.contains(&leaf) => (module, leaf),
        _ => (name, ""),
    }
}

fn join(module: &str, leaf: &str) -> String {
    match leaf {
        "" => module.to_owned(),
        leaf => format!("{module}.{leaf}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{ActivationOrder, Block, Stem, presets};

    fn fits(net: &Network, naming: Naming) -> bool {
        match naming {
            Naming::Torchvision => true,
            Naming::Cifar => net.block != Block::Single,
            Naming::TimmV2 => net.order == ActivationOrder::Pre,
            Naming::HuggingFace => {
                net.order == ActivationOrder::Post
                    && matches!(net.stem, Stem::Conv7x7 | Stem::Conv3x3)
            }
        }
    }

    #[test]
    fn both_directions_are_inverse() {
        use Naming::{Cifar, HuggingFace, TimmV2, Torchvision};
        for preset in presets() {
            let mut net = Network::preset(preset).unwrap();
            let graph = net.graph(net.native_size(), net.native_size()).unwrap();
            for naming in [Torchvision, Cifar, TimmV2, HuggingFace] {
                if !fits(&net, naming) {
                    continue;
                }
                net.naming = naming;
                for spec in graph.params() {
                    let stored = net.checkpoint_name(&spec.name);
                    let (back, seen) = Naming::canonical_name(&stored).unwrap();
                    assert_eq!(back, spec.name, "{preset} {naming:?} {stored}");
                    assert!(seen.is_none_or(|n| n == naming || n == Torchvision));
                }
            }
        }
    }

    #[test]
    fn names_of_the_libraries() {
        for (naming, canonical, stored) in [
            (Naming::TimmV2, "conv1.weight", "stem.conv.weight"),
            (
                Naming::TimmV2,
                "layer1.0.bn1.weight",
                "stages.0.blocks.0.norm1.weight",
            ),
            (
                Naming::TimmV2,
                "layer2.0.downsample.0.weight",
                "stages.1.blocks.0.downsample.conv.weight",
            ),
            (Naming::TimmV2, "bn.running_mean", "norm.running_mean"),
            (
                Naming::HuggingFace,
                "bn1.bias",
                "resnet.embedder.embedder.normalization.bias",
            ),
            (
                Naming::HuggingFace,
                "layer4.2.bn3.weight",
                "resnet.encoder.stages.3.layers.2.layer.2.normalization.weight",
            ),
            (Naming::HuggingFace, "fc.bias", "classifier.1.bias"),
            (
                Naming::Cifar,
                "layer2.0.downsample.1.weight",
                "layer2.0.shortcut.1.weight",
            ),
        ] {
            assert_eq!(naming.stored_name(canonical), stored);
            assert_eq!(Naming::canonical_name(stored).unwrap().0, canonical);
        }
        for (stored, canonical) in [
            (
                "encoder.stages.0.layers.1.layer.0.convolution.weight",
                "layer1.1.conv1.weight",
            ),
            ("final_bn.weight", "bn.weight"),
            ("head.fc.weight", "fc.weight"),
            (
                "layer1.0.downsample.2.weight",
                "layer1.0.downsample.2.weight",
            ),
        ] {
            assert_eq!(Naming::canonical_name(stored).unwrap().0, canonical);
        }
        for unknown in [
            "layer0.0.conv1.weight",
            "layer1.00.conv1.weight",
            "layer1.0.conv4.weight",
            "conv1",
            "layer1.99999999999999999999.conv1.weight",
            "weight",
            "",
        ] {
            assert!(Naming::canonical_name(unknown).is_none(), "{unknown}");
        }
    }
}
