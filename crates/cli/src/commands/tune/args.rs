//! The arguments of `tune`.

use std::path::PathBuf;

use clap::Args;
use resnet_wgpu::Precision;
use resnet_wgpu::low_level::preprocess::MAX_CROP_SIDE;
use resnet_wgpu_bench::Source;

use crate::options::kernels::KernelArgs;
use crate::options::values::{self, DeviceChoice};

/// Which kernels are the fastest here? Measures them, and keeps the winners
///
/// Measures every kernel on each distinct convolution of some networks, each
/// held against the CPU first, and stores the winners for this device; the
/// other commands then go by them (`--tuning off` does without). Without it
/// kernels are chosen by built-in rules for the class of device.
///
/// A tuning holds for one adapter, driver and version of this program, and for
/// the image and batch sizes that were measured; what is measured again
/// replaces what was there. It is written when all is done, and ending it
/// early leaves what was there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet tune
  resnet tune resnet50 --batch-size 1,8,64
  resnet tune mine.safetensors --device nvidia --output mine.tuning.json
  resnet tune --export tuning.json      # to ship it with an application
  resnet tune --import tuning.json      # on a machine with the same device and driver")]
pub struct TuneArgs {
    /// Networks: presets and checkpoints [default: resnet18 resnet50]
    #[arg(value_name = "PRESET|FILE", value_parser = values::source,
          conflicts_with_all = ["export", "import"])]
    pub networks: Vec<Source>,

    /// Images of a run; several as 1,8,32
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1",
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch_size: Vec<u32>,

    /// In what activations and weights are stored: f32, f16 or auto
    ///
    /// In what activations and weights are stored; sums are f32 in any case.
    /// f16 takes half the memory and traffic, gives some three digits, and
    /// needs a device with f16 in shaders; `auto` takes it where it is faster,
    /// and says so where it is not.
    #[arg(long, value_name = "P", default_value = "f32", value_parser = values::precision)]
    pub precision: Precision,

    /// Where: auto, or an index or name of `resnet devices`
    #[arg(long, value_name = "DEVICE", default_value = "auto", value_parser = values::device)]
    pub device: DeviceChoice,

    /// Side of the images, in pixels [default: the network's own]
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CROP_SIDE)))]
    pub input_size: Option<u32>,

    /// How long the fastest of each shape are timed against each other, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0.25", allow_negative_numbers = true,
          value_parser = values::seconds)]
    pub duration: f64,

    /// Keep the winners in that file, instead of where commands find them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["export", "import"])]
    pub output: Option<PathBuf>,

    /// Measure nothing; write what is stored for the device to a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["import", "json"])]
    pub export: Option<PathBuf>,

    /// Measure nothing; store what a file has for the device
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub import: Option<PathBuf>,

    /// As one JSON object
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub kernels: KernelArgs,
}
