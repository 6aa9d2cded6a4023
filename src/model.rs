//! A network with its weights, the preparation of its images and the names of its classes.

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

/// The embedded default: CIFAR-10 ResNet-20, trained for this project (`weights/README.md`).
const EMBEDDED: &[u8] = include_bytes!("../weights/resnet20-cifar10.safetensors");

/// A network with its weights. The weights of a checkpoint stay in their file, which is kept open,
/// until a session loads them. Cloning a model is cheap.
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

/// Settings of the caller for the preparation of images. They take precedence over the checkpoint's
/// settings, which take precedence over the network's default.
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
    /// Length of the shorter side after the resize, in pixels.
    pub resize: Option<usize>,
    /// Input size as a fraction of the shorter side's length after the resize; `resize` takes
    /// precedence.
    pub crop_pct: Option<f64>,
    /// Mean of each channel, for images in [0, 1].
    pub mean: Option<[f32; 3]>,
    /// Standard deviation of each channel, for images in [0, 1].
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

    /// Recognises the network in a checkpoint and returns the network with its weights.
    ///
    /// # Errors
    /// [`ErrorKind::Checkpoint`](crate::ErrorKind::Checkpoint) for a file that cannot be read, is
    /// damaged, or holds no known network;
    /// [`ErrorKind::UnsupportedNetwork`](crate::ErrorKind::UnsupportedNetwork) for a network that
    /// cannot be built.
    pub fn load(checkpoint: &Checkpoint, hints: &Hints) -> Result<Self, Error> {
        Self::load_watched(checkpoint, hints, &Monitor::default())
    }

    /// Loads a model as [`Model::load`] does; `monitor` reports the progress and can cancel it.
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

    /// Returns the embedded default: CIFAR-10 ResNet-20 with ten classes.
    ///
    /// # Errors
    /// As [`Model::load`]; none are expected.
    pub fn embedded() -> Result<Self, Error> {
        let checkpoint = Checkpoint::from_bytes("the embedded ResNet-20", EMBEDDED)?;
        Self::load(&checkpoint, &Hints::default())
    }

    /// Returns a network with seeded random weights, for measuring and verifying. Its
    /// classifications have no meaning.
    ///
    /// # Errors
    /// [`ErrorKind::UnsupportedNetwork`](crate::ErrorKind::UnsupportedNetwork) for a description
    /// from which no network can be built.
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

    /// Returns the network's description.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Returns the weights, under torchvision's names.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Returns a 64-bit hash of all weights and their names, as hexadecimal digits. Models with
    /// different weights have different fingerprints. The function reads all weights.
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
            // XOR makes the sum independent of the order of the names.
            sum ^= hash;
        }
        Ok(format!("{sum:016x}"))
    }

    /// Returns the settings from metadata and configuration files.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns what was recognised, each with its provenance.
    pub fn sources(&self) -> &[(String, String)] {
        &self.sources
    }

    /// Returns the network's graph for images of `h`×`w` pixels.
    ///
    /// # Errors
    /// [`GraphError`] for a size that the network does not support.
    pub fn graph(&self, h: usize, w: usize) -> Result<Graph, GraphError> {
        self.network.graph(h, w)
    }

    /// Returns the side, in pixels, of the images that the network reads if the caller sets no
    /// size.
    pub fn input_size(&self) -> usize {
        (self.settings.input_size).unwrap_or_else(|| self.network.native_size())
    }

    /// Returns the preparation of images for this network.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument) for a value that is out of
    /// range, or for an unknown filter.
    pub fn preprocess(&self, caller: &PreprocessOverrides) -> Result<Preprocess, Error> {
        let s = &self.settings;
        let size = caller.input_size.unwrap_or_else(|| self.input_size());
        // CIFAR networks see the whole image; ImageNet networks see 7/8 of its shorter side.
        let native_crop = if self.network.native_size() == 32 {
            1.0
        } else {
            DEFAULT_CROP_PCT
        };
        let crop_pct = (caller.crop_pct).or(s.crop_pct).unwrap_or(native_crop);
        // A stored resize fits the stored input size and crop. With other values, it would cut or
        // pad the image.
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
        // A caller that sets the resize expects a crop.
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

    /// Returns the names of the classes. These are the checkpoint's own labels, or the labels that
    /// its configuration is known to use.
    ///
    /// Otherwise, ImageNet's labels are assumed for 1,000 classes after an ImageNet stem, and
    /// CIFAR-10's labels for ten classes after a CIFAR stem ([`Labels::is_assumed`]). Other classes
    /// have their indices as names.
    ///
    /// # Errors
    /// [`ErrorKind::Checkpoint`](crate::ErrorKind::Checkpoint) if the checkpoint's number of labels
    /// differs from its number of classes.
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

/// Returns the graph for which the weights are loaded. Weights do not depend on the input size, and
/// every network supports its native size.
fn native_graph(network: &Network) -> Result<Graph, GraphError> {
    let size = network.native_size();
    network.graph(size, size)
}
