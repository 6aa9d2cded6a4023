//! Recognises a checkpoint's network from its tensors' names and shapes. Properties that names and
//! shapes do not determine come from the caller, the settings, or the defaults.

use super::clues::Clues;
use super::hints::Hints;
use super::{Checkpoint, CheckpointError, Listing, Settings};
use crate::models::{ActivationOrder, Block, Naming, Network, Norm, Shortcut, presets};

/// The network of a checkpoint, with the provenance of its properties.
///
/// ```
/// use resnet_wgpu::{Checkpoint, Hints};
///
/// let checkpoint = Checkpoint::from_file("weights/resnet20-cifar10.safetensors")?;
/// let found = checkpoint.recognise(&Hints::default())?;
/// assert_eq!((found.network.name.as_str(), found.network.classes), ("resnet20", 10));
/// for (what, from) in &found.sources {
///     println!("{what}, from {from}");
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Recognition {
    /// The network. Its name is the name of the equal preset, or a description if no preset is
    /// equal.
    pub network: Network,
    /// The settings from metadata and configuration files.
    pub settings: Settings,
    /// Each recognised property and its provenance, in the order of a summary:
    /// `("stride placement: in the 3×3", "default")`.
    pub sources: Vec<(String, String)>,
}

impl Checkpoint {
    /// Recognises the checkpoint's network and reads its settings.
    ///
    /// # Errors
    /// [`CheckpointError::Unrecognised`] if the checkpoint holds none of this library's networks,
    /// and the errors of [`Checkpoint::settings`].
    pub fn recognise(&self, hints: &Hints) -> Result<Recognition, CheckpointError> {
        self.listing().recognise(hints, &self.settings()?)
    }
}

impl Listing {
    /// Recognises a network from names, shapes and settings alone.
    ///
    /// # Errors
    /// [`CheckpointError::Unrecognised`] if the tensors belong to none of this library's networks;
    /// [`CheckpointError::Config`] if the settings name another network with the same tensors.
    pub fn recognise(
        &self,
        hints: &Hints,
        settings: &Settings,
    ) -> Result<Recognition, CheckpointError> {
        settings.same_names_other_network()?;
        let mut clues = Clues {
            hints,
            settings,
            sources: vec![],
        };
        let mut net = match &hints.preset {
            Some(preset) => self.under_preset(preset),
            None => self.network()?,
        };
        settings.stem_fits(&net)?;
        clues.decide(&mut net);
        let from = match &hints.preset {
            Some(_) => "the preset asked for".to_owned(),
            None => {
                net.name = name_of(&net);
                format!("tensor names and shapes of {}", self.file())
            }
        };
        let mut sources = vec![
            (format!("network: {}", net.name), from),
            (
                format!("classes: {}", net.classes),
                "shape of the last layer".into(),
            ),
            (naming_of(self), "tensor names".into()),
        ];
        if net.norm == Norm::Bias && net.block != Block::Single {
            let what = "batch norm: folded into the convolutions";
            sources.push((what.into(), "tensor names".into()));
        }
        sources.append(&mut clues.sources);
        sources.extend(describe(settings));
        Ok(Recognition {
            network: net,
            settings: settings.clone(),
            sources,
        })
    }

    /// Returns the preset with the three properties that come from the file: the number of classes,
    /// the naming, and whether batch norm has been folded into the convolutions.
    fn under_preset(&self, preset: &Network) -> Network {
        let mut net = preset.clone();
        net.naming = self.naming();
        net.classes = self.classes().unwrap_or(preset.classes);
        if net.block != Block::Single && net.order == ActivationOrder::Post {
            net.norm = self.norm();
        }
        net
    }
}

fn naming_of(listing: &Listing) -> String {
    let style = match listing.naming() {
        Naming::Torchvision => "torchvision's",
        Naming::Cifar => "CIFAR code's (shortcut, linear)",
        Naming::TimmV2 => "timm's resnetv2",
        Naming::HuggingFace => "Hugging Face transformers'",
    };
    match listing.prefix() {
        "" => format!("tensor names: {style}"),
        prefix => format!("tensor names: {style}, behind `{prefix}`"),
    }
}

/// Returns a summary of the settings for images and labels, with the provenance of each value.
fn describe(s: &Settings) -> Vec<(String, String)> {
    let labels = s.labels.as_ref().map(|l| l.len().to_string());
    let rows = [
        (
            "input_size",
            "input size",
            s.input_size.map(|v| v.to_string()),
        ),
        ("resize", "resize", s.resize.map(|v| v.to_string())),
        ("crop_pct", "crop", s.crop_pct.map(|v| v.to_string())),
        (
            "squash",
            "resize",
            s.squash
                .map(|_| "to the square itself, without a crop".into()),
        ),
        ("mean", "mean", s.mean.map(|v| format!("{v:?}"))),
        ("std", "std", s.std.map(|v| format!("{v:?}"))),
        ("interpolation", "interpolation", s.interpolation.clone()),
        ("labels", "labels", labels),
    ];
    rows.into_iter()
        .filter_map(|(field, what, value)| {
            Some((format!("{what}: {}", value?), s.origin(field).to_owned()))
        })
        .collect()
}

/// Returns the name of the preset that equals `net`, or a description if no preset does. The
/// comparison ignores classes, eps, tensor names, zero channels, and whether batch norm has been
/// folded.
fn name_of(net: &Network) -> String {
    let alike = |preset: &Network| {
        let mut other = net.clone();
        other.name.clone_from(&preset.name);
        other.classes = preset.classes;
        other.eps = preset.eps;
        other.naming = preset.naming;
        if let (Shortcut::A(_), Shortcut::A(zeros)) = (other.shortcut, preset.shortcut) {
            other.shortcut = Shortcut::A(zeros);
        }
        if net.block != Block::Single {
            other.norm = preset.norm;
        }
        other == *preset
    };
    if let Some(preset) = presets().filter_map(Network::preset).find(alike) {
        return preset.name;
    }
    let kind = match (net.order, net.shortcut) {
        _ if net.block == Block::Single => return format!("vgg ({:?})", net.depths),
        (ActivationOrder::Pre, _) => "preact-resnet",
        (_, Shortcut::None) => "plain",
        _ => "resnet",
    };
    let block = match net.block {
        Block::Bottleneck => "bottleneck",
        _ => "basic",
    };
    format!("{kind} ({block}, {:?})", net.depths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::ZeroChannels;
    use crate::models::StridePlacement;

    fn listing(net: &Network) -> Listing {
        let size = net.native_size();
        let specs = net.graph(size, size).unwrap().params();
        let named = |s: crate::graph::ParamSpec| (net.checkpoint_name(&s.name), s.shape);
        Listing::new("f", specs.into_iter().map(named))
    }

    fn recognise(net: &Network, hints: &Hints, settings: &Settings) -> Recognition {
        listing(net).recognise(hints, settings).unwrap()
    }

    #[test]
    fn hints_go_before_settings_and_settings_before_defaults() {
        let net = Network::preset("resnet50").unwrap();
        let v1 = Network::preset("resnet50-v1").unwrap();
        let settings = Settings {
            stride_placement: Some(StridePlacement::First1x1),
            eps: Some(1e-3),
            ..Settings::default()
        };
        let none = Settings::default();
        let found = recognise(&net, &Hints::default(), &none);
        assert_eq!(found.network, net);
        let row = ("stride placement: in the 3×3".into(), "default".into());
        assert!(found.sources.contains(&row), "{:?}", found.sources);
        let found = recognise(&net, &Hints::default(), &settings);
        assert_eq!(
            (found.network.name.as_str(), found.network.eps),
            ("resnet50-v1", 1e-3)
        );
        let hints = Hints {
            preset: Some(net.clone()),
            eps: Some(1e-4),
            ..Hints::default()
        };
        let found = recognise(&v1, &hints, &settings);
        assert_eq!(
            (found.network.name.as_str(), found.network.eps),
            ("resnet50", 1e-4)
        );
    }

    #[test]
    fn option_a_or_plain_and_where_the_zeros_go() {
        let plain = Network::preset("plain20").unwrap();
        let found = recognise(&plain, &Hints::default(), &Settings::default());
        assert_eq!(found.network.name, "resnet20");
        let hints = Hints {
            preset: Some(plain.clone()),
            ..Hints::default()
        };
        assert_eq!(recognise(&plain, &hints, &Settings::default()).network, {
            // Without projections, only `linear` shows that the names are those of CIFAR code.
            plain.clone()
        });
        let settings = Settings {
            architecture: Some("plain20".into()),
            zero_channels: Some(ZeroChannels::After),
            ..Settings::default()
        };
        let found = recognise(
            &plain,
            &Hints::default(),
            &settings.clone().with_source("f"),
        );
        assert_eq!(found.network.name, "plain20");
        let found = recognise(&plain, &Hints::default(), &settings);
        assert_eq!(found.network.shortcut, Shortcut::A(ZeroChannels::After));
        assert_eq!(found.network.name, "resnet20");
    }

    #[test]
    fn folded_batch_norm_and_other_classes() {
        let mut net = Network::preset("resnet18").unwrap();
        net.norm = Norm::Bias;
        net.classes = 37;
        let found = recognise(&net, &Hints::default(), &Settings::default());
        assert_eq!(found.network, net);
        let hints = Hints {
            preset: Network::preset("resnet18"),
            ..Hints::default()
        };
        assert_eq!(recognise(&net, &hints, &Settings::default()).network, net);
    }

    #[test]
    fn a_network_of_no_preset_is_described() {
        let mut net = Network::preset("resnet50d").unwrap();
        net.depths = vec![2, 2, 2, 2];
        net.groups = 2;
        net.name = "resnet (bottleneck, [2, 2, 2, 2])".into();
        let found = recognise(&net, &Hints::default(), &Settings::default());
        assert_eq!(found.network, net);
        let vgg = Network {
            depths: vec![1, 1, 2, 2, 2],
            name: "vgg ([1, 1, 2, 2, 2])".into(),
            ..Network::preset("vgg19").unwrap()
        };
        assert_eq!(
            recognise(&vgg, &Hints::default(), &Settings::default()).network,
            vgg
        );
    }
}
