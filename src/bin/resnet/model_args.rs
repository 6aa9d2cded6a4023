//! The options that every command takes: which model, how images are prepared
//! for it, and where it runs.

use std::path::PathBuf;

use clap::Args;
use resnet_wgpu::graph::ZeroChannels;
use resnet_wgpu::labels::Labels;
use resnet_wgpu::model::{Model, PreprocessOverrides};
use resnet_wgpu::models::{Network, Shortcut, presets};
use resnet_wgpu::preprocess::{Interpolation, MAX_CROP_SIDE};
use resnet_wgpu::weights::{Checkpoint, Hints};

use crate::choice_args::ChoiceArgs;
use crate::failure::Failure;
use crate::kernel_args::KernelArgs;
use crate::progress::Progress;
use crate::term;
use crate::values::{self, DeviceChoice, Precision};

/// Seed of the weights that a preset without a checkpoint gets.
const SEED: u64 = 0;

/// Which model, how images are prepared for it, and where it runs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Model")]
pub struct ModelArgs {
    /// Checkpoint (safetensors); the network is recognised from it
    ///
    /// Checkpoint as a safetensors file. The network is recognised from names
    /// and shapes: torchvision's, timm's, Hugging Face transformers' and the
    /// usual CIFAR code's. Without --weights and --model it is the embedded
    /// ResNet-20, which knows CIFAR-10's ten classes.
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,

    /// Which network it is, such as resnet50 (--help lists all)
    #[arg(long, value_name = "PRESET", value_parser = values::preset, long_help = preset_help())]
    pub model: Option<Network>,

    /// Class names: JSON, CSV or one name a line
    ///
    /// Class names, one for each class: a JSON array, a JSON object or
    /// config.json with id2label, a CSV class,synset,name, or a text with one
    /// name a line. ImageNet's 1,000 and CIFAR-10's ten are built in.
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,

    /// Where to compute: auto, cpu, or an index or name of `resnet devices`
    ///
    /// Where to compute. `auto` takes a discrete before an integrated before a
    /// software adapter, and the CPU where there is none; `cpu` is the plain
    /// CPU executor, the twin that GPUs are verified against; an index is that
    /// of `resnet devices`; a name is any part of an adapter's name, driver or
    /// backend (nvidia, llvmpipe, vulkan).
    #[arg(long, value_name = "DEVICE", default_value = "auto", value_parser = values::device)]
    pub device: DeviceChoice,

    #[command(flatten)]
    pub kernels: KernelArgs,

    /// In what the GPU computes: f32
    #[arg(long, value_name = "P", default_value = "f32", value_parser = values::precision)]
    pub precision: Precision,

    #[command(flatten)]
    pub choice: ChoiceArgs,

    /// Images of a run
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub batch_size: Option<u32>,

    /// Side of the square that the network reads, in pixels
    #[arg(long, value_name = "N", help_heading = "Preparing images",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CROP_SIDE)))]
    pub input_size: Option<u32>,

    /// Length that an image's shorter side is resized to, in pixels
    #[arg(long, value_name = "N", help_heading = "Preparing images",
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub resize: Option<u32>,

    /// Input size as a fraction of that length, such as 0.875
    #[arg(long, value_name = "X", help_heading = "Preparing images",
          allow_negative_numbers = true, value_parser = values::crop_pct)]
    pub crop_pct: Option<f64>,

    /// Mean that is subtracted, on the scale 0 to 1, such as .485,.456,.406
    #[arg(long, value_name = "R,G,B", help_heading = "Preparing images",
          allow_hyphen_values = true, value_parser = values::mean)]
    pub mean: Option<[f32; 3]>,

    /// Standard deviation that is divided by, such as .229,.224,.225
    #[arg(long, value_name = "R,G,B", help_heading = "Preparing images",
          allow_hyphen_values = true, value_parser = values::std)]
    pub std: Option<[f32; 3]>,

    /// Filter of the resize: bilinear or bicubic
    #[arg(long, value_name = "FILTER", help_heading = "Preparing images",
          value_parser = values::interpolation)]
    pub interpolation: Option<Interpolation>,

    /// Where option A's zero channels go: half (before and after) or after
    #[arg(long, value_name = "WHERE", help_heading = "What shapes cannot tell",
          value_parser = values::zero_channels)]
    pub zero_channels: Option<ZeroChannels>,

    /// What batch norm adds to the variance, such as 1e-5
    #[arg(long, value_name = "X", help_heading = "What shapes cannot tell",
          allow_negative_numbers = true, value_parser = values::eps)]
    pub eps: Option<f64>,
}

fn preset_help() -> String {
    let names: Vec<_> = presets().collect();
    format!(
        "Which network it is. With --weights it decides what names and shapes cannot tell (where \
         the stride is: resnet50 or resnet50-v1; plain20 or resnet20). Without, `summary` and \
         `verify` take seeded weights, and the other commands refuse.\n\nPresets: {}.",
        names.join(", ")
    )
}

impl ModelArgs {
    /// The model, trained or with seeded weights.
    pub fn load(&self) -> Result<Model, Failure> {
        let _spinner = Progress::spinner("loading the model");
        let model = match (&self.weights, &self.model) {
            (Some(file), _) => Model::load(&Checkpoint::from_file(file)?, &self.hints())?,
            (None, Some(network)) => {
                let mut network = network.clone();
                network.eps = self.eps.unwrap_or(network.eps);
                if let (Shortcut::A(zeros), Some(asked)) =
                    (&mut network.shortcut, self.zero_channels)
                {
                    *zeros = asked;
                }
                Model::synthetic(network, SEED)?
            }
            (None, None) => self.embedded()?,
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

    /// A model that has learned something.
    pub fn load_trained(&self) -> Result<Model, Failure> {
        match (&self.weights, &self.model) {
            (None, Some(network)) => Err(Failure::usage(format!(
                "--model {} names a network, which has no weights of its own: pass them with \
                 --weights FILE (safetensors), such as model.safetensors of \
                 https://huggingface.co/timm/resnet50.a1_in1k for resnet50",
                network.name
            ))),
            _ => self.load(),
        }
    }

    fn embedded(&self) -> Result<Model, Failure> {
        if self.zero_channels.is_some() || self.eps.is_some() {
            return Err(Failure::usage(
                "--zero-channels and --eps: expected a network to apply them to, found none; \
                 pass --weights or --model as well",
            ));
        }
        Ok(Model::embedded()?)
    }

    /// Says what the embedded default can and cannot do, where it is used.
    pub fn announce(&self) {
        if self.weights.is_none() && self.model.is_none() {
            term::note(
                "the embedded ResNet-20 knows CIFAR-10's ten classes only; for ImageNet's thousand \
                 pass a checkpoint: --weights resnet50.safetensors (model.safetensors of \
                 https://huggingface.co/timm/resnet50.a1_in1k)",
            );
        }
    }

    fn hints(&self) -> Hints {
        Hints {
            preset: self.model.clone(),
            zero_channels: self.zero_channels,
            eps: self.eps,
        }
    }

    /// The class names of --labels: one for each of `classes`.
    pub fn labels(&self, classes: usize) -> Result<Option<Labels>, Failure> {
        let Some(file) = &self.labels else {
            return Ok(None);
        };
        let labels = Labels::from_file(file)?;
        labels
            .check(classes)
            .map_err(|e| Failure::new(format!("{}: {e}", term::shown(file))))?;
        Ok(Some(labels))
    }

    /// How images are prepared, where the flags say so.
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

    /// Images of a run; `default` where the flag is silent.
    pub fn batch(&self, default: usize) -> usize {
        self.batch_size.map_or(default, |n| n as usize)
    }

    /// Side of the images that `model` is to read.
    pub fn side(&self, model: &Model) -> usize {
        self.input_size.map_or(model.input_size(), |n| n as usize)
    }
}
