//! The arguments of `bench`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use resnet_wgpu::Precision;
use resnet_wgpu::low_level::preprocess::MAX_CROP_SIDE;
use resnet_wgpu_bench::{Scenario, Source};

use crate::options::choice::ChoiceArgs;
use crate::options::kernels::KernelArgs;
use crate::options::values::{self, BenchDevice};

/// How fast is it? Networks on a device, timed, and verified against the CPU
///
/// Times networks on a device and prints what they take: start-up with empty
/// and with filled driver caches, the steady state from the upload to the
/// logits on the host, the GPU alone, the host alone. Each row is verified: all
/// logits of the batch are compared with the CPU twin's before and after the
/// timing, and a row that is wrong has no speed. Each row runs in a process of
/// its own.
///
/// Without arguments: resnet18 and resnet50 at batch 1 and 8 on the default
/// device. Repetitions adapt to the machine: as many as fit into 5 seconds a
/// row, and 3 at least.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet bench
  resnet bench resnet50 --batch-size 1,8,32 --peaks --report resnet50.html
  resnet bench mine.safetensors --device all --save all.json
  resnet bench --scenario throughput --batch-size 8 --format markdown")]
pub struct BenchArgs {
    /// Networks: presets (seeded weights) and checkpoints [default: resnet18 resnet50]
    #[arg(value_name = "PRESET|FILE", value_parser = values::source)]
    pub networks: Vec<Source>,

    /// Images of a run; several as 1,8,32
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,8",
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch_size: Vec<u32>,

    /// In what activations and weights are stored: f32, f16 or auto
    ///
    /// In what activations and weights are stored; sums are f32 in any case.
    /// f16 takes half the memory and traffic, gives some three digits, and
    /// needs a device with f16 in shaders; `auto` takes it where it is faster,
    /// and says so where it is not.
    #[arg(long, value_name = "P", value_delimiter = ',', default_value = "f32",
          value_parser = values::precision)]
    pub precision: Vec<Precision>,

    /// Where: auto, all, or an index or name of `resnet devices`
    ///
    /// Where: `auto` takes the best adapter; `all` measures every adapter on
    /// every backend and compares them in one table; an index is that of
    /// `resnet devices`; a name is any part of an adapter's name, driver or
    /// backend.
    #[arg(long, value_name = "DEVICE", default_value = "auto", value_parser = values::bench_device)]
    pub device: BenchDevice,

    #[command(flatten)]
    pub choice: ChoiceArgs,

    #[command(flatten)]
    pub kernels: KernelArgs,

    /// One batch at a time (latency), or several in flight (throughput)
    #[arg(long, value_enum, default_value_t = ScenarioArg::Latency)]
    pub scenario: ScenarioArg,

    /// How long each row is timed, in seconds [default: 5]
    #[arg(long, value_name = "SECONDS", conflicts_with = "repetitions",
          allow_negative_numbers = true, value_parser = values::seconds)]
    pub duration: Option<f64>,

    /// How often each row is timed, instead
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub repetitions: Option<u32>,

    /// Side of the images, in pixels [default: the network's own]
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CROP_SIDE)))]
    pub input_size: Option<u32>,

    /// How far logits may be off, over the largest [default: 1e-4, in f16 2e-2]
    ///
    /// The largest error of a logit that counts as rounding, over the largest
    /// logit. Weights that were not trained may magnify rounding so much that
    /// f16 at its best is off by more than the default.
    #[arg(long, value_name = "ERROR", value_parser = values::tolerance)]
    pub tolerance: Option<f64>,

    /// Measure what the device can do at most, and read results against it
    ///
    /// Measure what the device can do at most, with small kernels: fused
    /// multiply-adds, matrix units, memory, dispatches, transfers. Results are
    /// then given as a percentage of the ceiling that these set (roofline: the
    /// larger of compute and traffic time, layer by layer).
    #[arg(long)]
    pub peaks: bool,

    /// Leave out the start with empty driver caches
    #[arg(long)]
    pub no_startup: bool,

    /// How results are printed
    #[arg(long, value_enum, default_value_t = Format::Table, conflicts_with = "json")]
    pub format: Format,

    /// The same as --format json
    #[arg(long)]
    pub json: bool,

    /// Write a page with pictures too: one HTML file
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,

    /// Write the results as JSON too, for `resnet compare`
    #[arg(long, value_name = "FILE.json")]
    pub save: Option<PathBuf>,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal.
    Table,
    /// For an issue or a README.
    Markdown,
    /// For a spreadsheet: one line a row.
    Csv,
    /// Everything, all samples included; its schema is crates/bench/data/bench.schema.json.
    Json,
}

/// How batches follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScenarioArg {
    /// One batch at a time.
    Latency,
    /// Several in flight.
    Throughput,
}

impl From<ScenarioArg> for Scenario {
    fn from(scenario: ScenarioArg) -> Self {
        match scenario {
            ScenarioArg::Latency => Self::Latency,
            ScenarioArg::Throughput => Self::Throughput,
        }
    }
}
