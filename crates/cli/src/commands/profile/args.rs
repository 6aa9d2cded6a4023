//! The arguments of `profile`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use resnet_wgpu::Precision;
use resnet_wgpu::low_level::preprocess::MAX_CROP_SIDE;
use resnet_wgpu_bench::Source;

use crate::options::choice::ChoiceArgs;
use crate::options::kernels::KernelArgs;
use crate::options::values::{self, DeviceChoice};

/// Where does the time go? Each step of the plan, timed on the GPU
///
/// Prints each step of the plan with its kernel, output, GPU time (the median
/// of several runs, each step in a pass of its own), share, rates, and how
/// much of the device's own roofline it reaches. --candidates shows what else
/// could compute each convolution, and how fast.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet profile resnet50 --batch-size 8
  resnet profile mine.safetensors --sort time --device nvidia
  resnet profile resnet50 --candidates --layer layer2.0.conv2
  resnet profile resnet50 --trace resnet50.trace.json   # opens in ui.perfetto.dev")]
pub struct ProfileArgs {
    /// The network: a preset (seeded weights) or a checkpoint
    #[arg(value_name = "PRESET|FILE", default_value = "resnet50", value_parser = values::source)]
    pub network: Source,

    /// Images of a run
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch_size: u32,

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

    #[command(flatten)]
    pub choice: ChoiceArgs,

    /// Every candidate of each convolution, instead of the plan's steps
    ///
    /// Times every kernel that computes a convolution, for each distinct one or
    /// for that of --layer, and marks with `<--` the one that the plan takes.
    /// Each is held against the CPU first.
    #[arg(long, conflicts_with_all = ["sort", "trace"])]
    pub candidates: bool,

    /// The candidates of that layer alone, such as layer1.0.conv2
    #[arg(long, value_name = "NAME", requires = "candidates")]
    pub layer: Option<String>,

    #[command(flatten)]
    pub kernels: KernelArgs,

    /// Side of the images, in pixels [default: the network's own]
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CROP_SIDE)))]
    pub input_size: Option<u32>,

    /// How long it is timed, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "3", allow_negative_numbers = true,
          value_parser = values::seconds)]
    pub duration: f64,

    /// The order of the steps
    #[arg(long, value_enum, default_value_t = Order::Execution)]
    pub sort: Order,

    /// As one JSON object
    #[arg(long)]
    pub json: bool,

    /// Write one run as a trace (Chrome's format; opens in ui.perfetto.dev)
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
}

/// The order of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// As they run.
    Execution,
    /// The longest first.
    Time,
}
