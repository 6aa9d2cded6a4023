//! A network with its weights, and all that belongs to it: how images are
//! prepared for it and what its classes are called.

use crate::error::Error;
use crate::graph::{Graph, GraphError};
use crate::labels::Labels;
use crate::mix::{STEP, mix};
use crate::models::Network;
use crate::monitor::Monitor;
use crate::preprocess::{
    DEFAULT_CROP_PCT, IMAGENET_MEAN, IMAGENET_STD, Interpolation, MarginRounding, Preprocess,
    PreprocessError,
};
use crate::tensor::Params;
use crate::weights::{Checkpoint, Hints, Settings};

/// The embedded default: CIFAR-10 ResNet-20, trained for this project
/// (`weights/README.md`).
const EMBEDDED: &[u8] = include_bytes!("../weights/resnet20-cifar10.safetensors");

/// A network with its weights: those of a checkpoint stay in their file, which
/// is kept open, until a session takes them. It is cheap to clone.
///
/// ```
/// use resnet_wgpu::Model;
///
/// let model = Model::embedded()?;
/// assert_eq!(model.network().name, "resnet20");
/// assert_eq!(model.labels()?.get(3), "cat");
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Model {
    network: Network,
    params: Params,
    settings: Settings,
    sources: Vec<(String, String)>,
}

/// What the caller says about preparing images; it goes before what a
/// checkpoint says, and that before the network's default.
///
/// ```
/// use resnet_wgpu::{Model, PreprocessOverrides};
///
/// let overrides = PreprocessOverrides {
///     resize: Some(40),
///     ..Default::default()
/// };
/// let preprocess = Model::embedded()?.preprocess(&overrides)?;
/// assert_eq!((preprocess.resize, preprocess.crop), (40, (32, 32)));
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PreprocessOverrides {
    /// Side of the square that the network reads, in pixels.
    pub input_size: Option<usize>,
    /// Length to which the shorter side is resized, in pixels.
    pub resize: Option<usize>,
    /// Input size as a fraction of that length; `resize` goes before it.
    pub crop_pct: Option<f64>,
    /// Mean of each channel of images in [0, 1].
    pub mean: Option<[f32; 3]>,
    /// Standard deviation of each channel.
    pub std: Option<[f32; 3]>,
    /// Filter of the resize.
    pub interpolation: Option<Interpolation>,
}

impl Model {
    /// Opens a safetensors file and recognises the network in it, with all defaults.
    ///
    /// # Errors
    /// As [`Checkpoint::from_file`] and [`Model::load`].
    pub fn open(path: impl AsRef<std::path::Path>) -> Result<Self, Error> {
        Self::load(&Checkpoint::from_file(path)?, &Hints::default())
    }

    /// The network that a checkpoint is recognised as, with its weights.
    ///
    /// # Errors
    /// [`ErrorKind::Checkpoint`](crate::ErrorKind::Checkpoint) for a file that cannot be read, is damaged, or holds no
    /// network that is known; [`ErrorKind::UnsupportedNetwork`](crate::ErrorKind::UnsupportedNetwork) for a network that cannot be built.
    pub fn load(checkpoint: &Checkpoint, hints: &Hints) -> Result<Self, Error> {
        Self::load_watched(checkpoint, hints, &Monitor::default())
    }

    /// The same, watched by somebody, who may cancel it.
    ///
    /// # Errors
    /// As [`Model::load`]; [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled).
    pub fn load_watched(
        checkpoint: &Checkpoint,
        hints: &Hints,
        monitor: &Monitor,
    ) -> Result<Self, Error> {
        let recognised = checkpoint.recognise(hints)?;
        let network = recognised.network;
        let graph = native_graph(&network)?;
        let params = checkpoint.load_watched(&network, &graph, monitor)?;
        Ok(Self {
            network,
            params,
            settings: recognised.settings,
            sources: recognised.sources,
        })
    }

    /// The embedded default: CIFAR-10 ResNet-20, ten classes.
    ///
    /// # Errors
    /// As [`Model::load`]; none are expected.
    pub fn embedded() -> Result<Self, Error> {
        let checkpoint = Checkpoint::from_bytes("the embedded ResNet-20", EMBEDDED)?;
        Self::load(&checkpoint, &Hints::default())
    }

    /// A network with seeded weights, for measuring and verifying; it
    /// classifies nothing.
    ///
    /// # Errors
    /// [`ErrorKind::UnsupportedNetwork`](crate::ErrorKind::UnsupportedNetwork) for a description that no network has.
    pub fn synthetic(network: Network, seed: u64) -> Result<Self, Error> {
        let graph = native_graph(&network)?;
        let params = network.synthetic_params(&graph, seed);
        let sources = vec![
            (format!("network: {}", network.name), "its preset".into()),
            (format!("weights: seed {seed}"), "no checkpoint".into()),
        ];
        Ok(Self {
            network,
            params,
            settings: Settings::default(),
            sources,
        })
    }

    /// The network's description.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The weights, under torchvision's names.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// 64 bits of all weights and their names, as hexadecimal digits: two models
    /// of different weights have different ones. All weights are read.
    ///
    /// # Errors
    /// [`ErrorKind::Checkpoint`](crate::ErrorKind::Checkpoint) for weights that cannot be read.
    pub fn fingerprint(&self) -> Result<String, Error> {
        let mut sum = 0;
        for (name, tensor) in self.params.iter() {
            let tensor = tensor.get()?;
            let mut hash = 0;
            for byte in name.bytes() {
                hash = mix((hash ^ u64::from(byte)).wrapping_add(STEP));
            }
            for value in tensor.data() {
                hash = mix((hash ^ u64::from(value.to_bits())).wrapping_add(STEP));
            }
            // Whatever the order of the names.
            sum ^= hash;
        }
        Ok(format!("{sum:016x}"))
    }

    /// What metadata and configuration files say.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What was recognised, and from what.
    pub fn sources(&self) -> &[(String, String)] {
        &self.sources
    }

    /// The network's graph for images of `h`×`w` pixels.
    ///
    /// # Errors
    /// [`GraphError`] for a size that the network does not admit.
    pub fn graph(&self, h: usize, w: usize) -> Result<Graph, GraphError> {
        self.network.graph(h, w)
    }

    /// Side of the images that the network reads, in pixels, where the caller
    /// says nothing.
    pub fn input_size(&self) -> usize {
        (self.settings.input_size).unwrap_or_else(|| self.network.native_size())
    }

    /// How images are prepared for this network.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for a value that is out of range, or a filter that is not
    /// known.
    pub fn preprocess(&self, caller: &PreprocessOverrides) -> Result<Preprocess, Error> {
        let s = &self.settings;
        let size = caller.input_size.unwrap_or_else(|| self.input_size());
        // CIFAR networks see the whole image; ImageNet's see 7/8 of it.
        let native_crop = if self.network.native_size() == 32 {
            1.0
        } else {
            DEFAULT_CROP_PCT
        };
        let crop_pct = (caller.crop_pct).or(s.crop_pct).unwrap_or(native_crop);
        // A stored resize was meant for the stored input size and crop: for
        // others it would cut or pad.
        let other = caller.input_size.is_some() || caller.crop_pct.is_some();
        let resize = caller.resize.or(s.resize.filter(|_| !other));
        let interpolation = match (caller.interpolation, &s.interpolation) {
            (Some(interpolation), _) => interpolation,
            (None, Some(name)) => name.parse()?,
            (None, None) => Interpolation::Bilinear,
        };
        let pixels = |field, length: usize| {
            let fits = u32::try_from(length);
            let expected = format!("a length in pixels up to {}", u32::MAX);
            fits.map_err(|_| PreprocessError::field(field, expected, length))
        };
        let side = pixels("input size", size)?;
        let mut preprocess = Preprocess::imagenet_with(side, crop_pct, interpolation)?;
        if let Some(resize) = resize {
            preprocess.resize = pixels("resize", resize)?;
        }
        // Whoever says how to resize wants a crop.
        let cropped = caller.resize.is_some() || caller.crop_pct.is_some();
        preprocess.squash = s.squash == Some(true) && !cropped;
        if s.crop_margin_down == Some(true) {
            preprocess.margin_rounding = MarginRounding::Down;
        }
        preprocess.mean = caller.mean.or(s.mean).unwrap_or(IMAGENET_MEAN);
        preprocess.std = caller.std.or(s.std).unwrap_or(IMAGENET_STD);
        preprocess.validate()?;
        Ok(preprocess)
    }

    /// The names of the classes: the checkpoint's own, or those that its
    /// configuration is known for. Else ImageNet's are assumed for 1,000 classes
    /// behind an ImageNet stem and CIFAR-10's for ten behind a CIFAR stem
    /// ([`Labels::is_assumed`]); other classes have their indices for names.
    ///
    /// # Errors
    /// [`ErrorKind::Checkpoint`](crate::ErrorKind::Checkpoint) where the checkpoint names more or fewer classes than it has.
    pub fn labels(&self) -> Result<Labels, Error> {
        let classes = self.network.classes;
        if let Some(labels) = self.settings.labels_for(classes)? {
            return Ok(Labels::from_list(labels.to_vec()));
        }
        let cifar = self.network.native_size() == 32;
        Ok(match (classes, cifar) {
            (1000, false) if self.settings.imagenet == Some(true) => Labels::imagenet(),
            (1000, false) => Labels::imagenet().assumed(),
            (10, true) => Labels::cifar10().assumed(),
            _ => Labels::from_list(vec![]),
        })
    }
}

/// The graph whose weights are loaded: weights do not depend on the input
/// size, and every network admits its own.
fn native_graph(network: &Network) -> Result<Graph, GraphError> {
    let size = network.native_size();
    network.graph(size, size)
}
