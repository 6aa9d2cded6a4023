//! The options of every command that runs a model: the model, the preprocessing and the device.

use std::path::PathBuf;

use clap::Args;
use resnet_wgpu::low_level::graph::ZeroChannels;
use resnet_wgpu::low_level::models::{Shortcut, presets};
use resnet_wgpu::low_level::plan::ResolvedPrecision;
use resnet_wgpu::low_level::preprocess::MAX_CROP_SIDE;
use resnet_wgpu::{
    Checkpoint, Hints, Interpolation, Labels, Model, Network, Precision, PreprocessOverrides,
};

use crate::failure::Failure;
use crate::fetching;
use crate::options::choice::ChoiceArgs;
use crate::options::kernels::KernelArgs;
use crate::options::model_choice::{self, ModelChoice};
use crate::options::values::{self, DeviceChoice};
use crate::progress::Progress;
use crate::term;

/// The seed of the weights of a preset without a checkpoint.
const SEED: u64 = 0;

/// The model, the preprocessing of images, and the device.
#[derive(Debug, Args)]
#[command(next_help_heading = "Model")]
pub struct ModelArgs {
    /// Checkpoint file (safetensors); the network is recognised from its tensors
    ///
    /// The network is recognised from the names and shapes of the tensors. The names may be those
    /// of torchvision, timm, Hugging Face transformers or the usual CIFAR code. Without --weights
    /// and --model, the model is the embedded ResNet-20, which knows CIFAR-10's ten classes.
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,

    /// Preset (--help lists all), or a model to fetch from the Hugging Face hub
    #[arg(long, value_name = "PRESET|ORG/NAME[@REVISION]", value_parser = model_choice::parse,
          long_help = model_help())]
    pub model: Option<ModelChoice>,

    /// Fetch the preset's known trained weights (`resnet models` lists them)
    #[arg(long, requires = "model", conflicts_with = "weights")]
    pub pretrained: bool,

    /// File of class names: JSON, CSV or one name per line
    ///
    /// The file holds one name for each class. It is a JSON array, a JSON object or config.json
    /// with id2label, a CSV file of class,synset,name, or a text file with one name per line. The
    /// names of ImageNet's 1,000 classes and of CIFAR-10's ten classes are built in.
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,

    /// Device to run on: auto, cpu, or an index or name from `resnet devices`
    ///
    /// `auto` prefers a discrete adapter to an integrated one, and an integrated adapter to a
    /// software adapter. Without any adapter, it selects the CPU. `cpu` selects the CPU reference,
    /// a plain implementation that GPUs are verified against. `resnet devices` lists the index of
    /// each adapter. A name is any part of an adapter's name, driver or backend (nvidia, llvmpipe,
    /// vulkan).
    #[arg(long, value_name = "DEVICE", default_value = "auto", value_parser = values::device)]
    pub device: DeviceChoice,

    #[command(flatten)]
    pub kernels: KernelArgs,

    /// Precision of stored activations and weights: f32, f16 or auto
    ///
    /// Sums are f32 in any case. f16 takes half the memory and memory traffic, gives about three
    /// digits, and needs a device with f16 in shaders. `auto` selects f16 if f16 is faster, and
    /// otherwise selects f32 and reports the reason.
    #[arg(long, value_name = "P", default_value = "f32", value_parser = values::precision)]
    pub precision: Precision,

    #[command(flatten)]
    pub choice: ChoiceArgs,

    /// Images per batch
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub batch_size: Option<u32>,

    /// Side of the network's square input, in pixels
    #[arg(long, value_name = "N", help_heading = "Preprocessing",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CROP_SIDE)))]
    pub input_size: Option<u32>,

    /// Length of an image's shorter side after resizing, in pixels
    #[arg(long, value_name = "N", help_heading = "Preprocessing",
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub resize: Option<u32>,

    /// Input size as a fraction of the resized length, such as 0.875
    #[arg(long, value_name = "X", help_heading = "Preprocessing",
          allow_negative_numbers = true, value_parser = values::crop_pct)]
    pub crop_pct: Option<f64>,

    /// Mean to subtract, on the scale 0 to 1, such as .485,.456,.406
    #[arg(long, value_name = "R,G,B", help_heading = "Preprocessing",
          allow_hyphen_values = true, value_parser = values::mean)]
    pub mean: Option<[f32; 3]>,

    /// Standard deviation to divide by, such as .229,.224,.225
    #[arg(long, value_name = "R,G,B", help_heading = "Preprocessing",
          allow_hyphen_values = true, value_parser = values::std)]
    pub std: Option<[f32; 3]>,

    /// Resize filter: bilinear or bicubic
    #[arg(long, value_name = "FILTER", help_heading = "Preprocessing",
          value_parser = values::interpolation)]
    pub interpolation: Option<Interpolation>,

    /// Position of option A's zero channels: half (before and after) or after
    #[arg(long, value_name = "POSITION", help_heading = "Network details",
          value_parser = values::zero_channels)]
    pub zero_channels: Option<ZeroChannels>,

    /// Value that batch norm adds to the variance, such as 1e-5
    #[arg(long, value_name = "X", help_heading = "Network details",
          allow_negative_numbers = true, value_parser = values::eps)]
    pub eps: Option<f64>,
}

/// Returns the provenance of class names, as `--json` names it.
pub fn label_source(labels: &Labels) -> &'static str {
    match labels {
        labels if labels.is_empty() => "indices",
        labels if labels.is_assumed() => "assumed",
        _ => "given",
    }
}

/// The source of a model's weights.
enum WeightsChoice {
    File(PathBuf),
    Embedded,
    /// Generated from a seed.
    Seeded(Network),
}

fn model_help() -> String {
    let names: Vec<_> = presets().collect();
    format!(
        "Preset, or a model to fetch from the Hugging Face hub into its usual cache, such as \
         microsoft/resnet-50 or timm/resnet50.a1_in1k@main.\n\nWith --weights, a preset decides \
         details that the names and shapes of tensors leave open (the position of the stride: \
         resnet50 or resnet50-v1; plain20 or resnet20). With --pretrained, the known weights of the \
         preset are fetched. Without either, `summary` and `verify` use seeded weights, and the \
         other commands report an error.\n\nPresets: {}.",
        names.join(", ")
    )
}

impl ModelArgs {
    /// Loads the model, with trained or seeded weights.
    pub fn load(&self) -> Result<Model, Failure> {
        let source = self.source()?;
        let _spinner = Progress::spinner("loading the model");
        let model = match source {
            WeightsChoice::File(file) => Model::load(&Checkpoint::from_file(file)?, &self.hints())?,
            WeightsChoice::Seeded(mut network) => {
                network.eps = self.eps.unwrap_or(network.eps);
                if let (Shortcut::A(zeros), Some(requested)) =
                    (&mut network.shortcut, self.zero_channels)
                {
                    *zeros = requested;
                }
                Model::synthetic(network, SEED)?
            }
            WeightsChoice::Embedded => self.embedded()?,
        };
        if self.zero_channels.is_some() && !matches!(model.network().shortcut, Shortcut::A(_)) {
            return Err(Failure::usage(format!(
                "--zero-channels: expected a network with option A's shortcuts, found {}; \
                 leave it out",
                model.network().name
            )));
        }
        Ok(model)
    }

    /// Loads the model, but rejects a preset without trained weights.
    pub fn load_trained(&self) -> Result<Model, Failure> {
        match (&self.weights, &self.model) {
            (None, Some(ModelChoice::Preset(network))) if !self.pretrained => {
                Err(Failure::usage(model_choice::untrained_message(network)))
            }
            _ => self.load(),
        }
    }

    /// Locates the weights, and fetches them from the hub if necessary.
    fn source(&self) -> Result<WeightsChoice, Failure> {
        let id = match (&self.weights, &self.model) {
            (Some(_), Some(ModelChoice::Hub(id))) => {
                return Err(Failure::usage(format!(
                    "--weights and --model {id} are two checkpoints; leave one of them out"
                )));
            }
            (Some(file), _) => return Ok(WeightsChoice::File(file.clone())),
            (None, None) => return Ok(WeightsChoice::Embedded),
            (None, Some(ModelChoice::Hub(id))) => id.clone(),
            (None, Some(ModelChoice::Preset(network))) if self.pretrained => {
                match model_choice::pretrained(network)? {
                    model_choice::WeightsSource::Embedded => return Ok(WeightsChoice::Embedded),
                    model_choice::WeightsSource::Hub(id) => id,
                }
            }
            (None, Some(ModelChoice::Preset(network))) => {
                return Ok(WeightsChoice::Seeded(network.clone()));
            }
        };
        let fetched = fetching::fetch(&fetching::hub()?, &id)?;
        Ok(WeightsChoice::File(fetched.weights))
    }

    fn embedded(&self) -> Result<Model, Failure> {
        if self.zero_channels.is_some() || self.eps.is_some() {
            return Err(Failure::usage(
                "--zero-channels and --eps: expected a network to apply them to, found none but the \
                 embedded ResNet-20, which has its own; pass --weights or --model as well",
            ));
        }
        Ok(Model::embedded()?)
    }

    /// Prints a note about the limits of the embedded model, if it is used.
    pub fn announce(&self) {
        if self.weights.is_none() && self.model.is_none() {
            term::note(
                "the embedded ResNet-20 knows only CIFAR-10's ten classes; for ImageNet's 1,000 \
                 classes, fetch a checkpoint with --model resnet50 --pretrained (`resnet models` \
                 lists more), or pass a file with --weights FILE",
            );
        }
    }

    /// Reports why `auto` was resolved to f32, if it was.
    pub fn announce_precision(&self, resolved: &ResolvedPrecision) {
        if let Some(why) = &resolved.why {
            term::note(&format!("--precision auto: f32, since {why}"));
        }
    }

    fn hints(&self) -> Hints {
        Hints {
            preset: match &self.model {
                Some(ModelChoice::Preset(network)) => Some(network.clone()),
                _ => None,
            },
            zero_channels: self.zero_channels,
            eps: self.eps,
        }
    }

    /// Reads the class names of `--labels` and checks that their number is `classes`.
    pub fn labels(&self, classes: usize) -> Result<Option<Labels>, Failure> {
        let Some(file) = &self.labels else {
            return Ok(None);
        };
        let labels = Labels::from_file(file)?;
        labels
            .check(classes)
            .map_err(|e| Failure::new(format!("{}: {e}", term::display_path(file))))?;
        Ok(Some(labels))
    }

    /// Returns the class names to show: those of `--labels`, otherwise the model's, which may be
    /// empty. For a preset's known weights, the class names are known.
    pub fn class_names(&self, model: &Model) -> Result<Labels, Failure> {
        let classes = model.network().classes;
        if let Some(labels) = self.labels(classes)? {
            return Ok(labels);
        }
        let labels = model.labels()?;
        let known = self.pretrained && labels.is_assumed();
        Ok(Labels::builtin(classes).filter(|_| known).unwrap_or(labels))
    }

    /// Prints a note if the class names are a guess.
    pub fn announce_labels(&self, labels: &Labels) {
        // Seeded weights have learned no classes, so the note would be useless.
        let seeded = self.weights.is_none()
            && !self.pretrained
            && matches!(self.model, Some(ModelChoice::Preset(_)));
        if labels.is_assumed() && !seeded {
            let dataset = if labels.len() == 10 {
                "CIFAR-10"
            } else {
                "ImageNet"
            };
            term::note(&format!(
                "the class names are assumed to be {dataset}'s, since the network has {} classes \
                 and no names; pass the network's own names with --labels FILE",
                labels.len()
            ));
        }
    }

    /// Returns the preprocessing settings that the options override.
    pub fn overrides(&self) -> PreprocessOverrides {
        PreprocessOverrides {
            input_size: self.input_size.map(|n| n as usize),
            resize: self.resize.map(|n| n as usize),
            crop_pct: self.crop_pct,
            mean: self.mean,
            std: self.std,
            interpolation: self.interpolation,
        }
    }

    /// Returns the requested batch size, or `default`.
    pub fn batch(&self, default: usize) -> usize {
        self.batch_size.map_or(default, |n| n as usize)
    }

    /// Returns the side of the images that `model` reads, in pixels.
    pub fn side(&self, model: &Model) -> usize {
        self.input_size.map_or(model.input_size(), |n| n as usize)
    }
}
