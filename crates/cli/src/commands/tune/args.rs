//! The arguments of `tune`.

use std::path::PathBuf;

use clap::Args;
use resnet_wgpu::Precision;
use resnet_wgpu::low_level::preprocess::MAX_CROP_SIDE;
use resnet_wgpu_bench::Source;

use crate::options::kernels::KernelArgs;
use crate::options::values::{self, DeviceChoice};

/// Find the fastest kernels for this device
///
/// Measure every kernel on each distinct convolution of the networks, and store the fastest kernels
/// for this device. The result of each kernel is first compared with that of the CPU reference. The
/// other commands then use this tuning, unless called with `--tuning off`. Without a tuning,
/// kernels are chosen by built-in rules for the class of device.
///
/// A tuning is valid for one adapter, driver and version of this program, and for the image and
/// batch sizes that were measured. A new measurement replaces an earlier one of the same shape. The
/// file is written at the end; ending the command early leaves the old file unchanged.
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

    /// Images per batch; several values as 1,8,32
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1",
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch_size: Vec<u32>,

    /// Precision of stored activations and weights: f32, f16 or auto
    ///
    /// Sums are f32 in any case. f16 takes half the memory and memory traffic, gives about three
    /// digits, and needs a device with f16 in shaders. `auto` selects f16 if f16 is faster, and
    /// otherwise selects f32 and reports the reason.
    #[arg(long, value_name = "P", default_value = "f32", value_parser = values::precision)]
    pub precision: Precision,

    /// Device to tune: auto, or an index or name from `resnet devices`
    #[arg(long, value_name = "DEVICE", default_value = "auto", value_parser = values::device)]
    pub device: DeviceChoice,

    /// Side of the images, in pixels [default: the network's own]
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CROP_SIDE)))]
    pub input_size: Option<u32>,

    /// Time to compare the fastest kernels of each shape, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0.25", allow_negative_numbers = true,
          value_parser = values::seconds)]
    pub duration: f64,

    /// File to store the tuning in, instead of the default location
    #[arg(long, value_name = "FILE", conflicts_with_all = ["export", "import"])]
    pub output: Option<PathBuf>,

    /// Write the device's stored tuning to a file, without measuring
    #[arg(long, value_name = "FILE", conflicts_with_all = ["import", "json"])]
    pub export: Option<PathBuf>,

    /// Store the device's tuning from a file, without measuring
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub import: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub kernels: KernelArgs,
}
