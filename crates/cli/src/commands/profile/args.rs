//! The arguments of `profile`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use resnet_wgpu::Precision;
use resnet_wgpu::low_level::preprocess::MAX_CROP_SIDE;
use resnet_wgpu_bench::Source;

use crate::options::choice::ChoiceArgs;
use crate::options::kernels::KernelArgs;
use crate::options::values::{self, DeviceChoice};

/// Measure the GPU time of each step of the plan
///
/// Print each step of the plan with its kernel, output, GPU time, share, rates, and the percentage
/// of the device's measured roofline that it reaches. The GPU time is the median of several runs,
/// with each step in its own pass. --candidates lists all kernels that could compute each
/// convolution, with their times.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet profile resnet50 --batch-size 8
  resnet profile mine.safetensors --sort time --device nvidia
  resnet profile resnet50 --candidates --layer layer2.0.conv2
  resnet profile resnet50 --trace resnet50.trace.json   # opens in ui.perfetto.dev")]
pub struct ProfileArgs {
    /// Network: a preset (seeded weights) or a checkpoint
    #[arg(value_name = "PRESET|FILE", default_value = "resnet50", value_parser = values::source)]
    pub network: Source,

    /// Images per batch
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch_size: u32,

    /// Precision of stored activations and weights: f32, f16 or auto
    ///
    /// Sums are f32 in any case. f16 takes half the memory and memory traffic, gives about three
    /// digits, and needs a device with f16 in shaders. `auto` selects f16 if f16 is faster, and
    /// otherwise selects f32 and reports the reason.
    #[arg(long, value_name = "P", default_value = "f32", value_parser = values::precision)]
    pub precision: Precision,

    /// Device to measure: auto, or an index or name from `resnet devices`
    #[arg(long, value_name = "DEVICE", default_value = "auto", value_parser = values::device)]
    pub device: DeviceChoice,

    #[command(flatten)]
    pub choice: ChoiceArgs,

    /// Time every candidate of each convolution, instead of the plan's steps
    ///
    /// Time every kernel that could compute a convolution, for each distinct convolution or for
    /// that of --layer. `<--` marks the kernel that the plan uses. The result of each kernel is
    /// first compared with that of the CPU reference.
    #[arg(long, conflicts_with_all = ["sort", "trace"])]
    pub candidates: bool,

    /// Time only the candidates of this layer, such as layer1.0.conv2
    #[arg(long, value_name = "NAME", requires = "candidates")]
    pub layer: Option<String>,

    #[command(flatten)]
    pub kernels: KernelArgs,

    /// Side of the images, in pixels [default: the network's own]
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CROP_SIDE)))]
    pub input_size: Option<u32>,

    /// Time to measure, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "3", allow_negative_numbers = true,
          value_parser = values::seconds)]
    pub duration: f64,

    /// Order of the steps
    #[arg(long, value_enum, default_value_t = StepOrder::Execution)]
    pub sort: StepOrder,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,

    /// Write one run as a trace (Chrome's format; opens in ui.perfetto.dev)
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
}

/// The order of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StepOrder {
    /// Order of execution.
    Execution,
    /// Longest first.
    Time,
}
