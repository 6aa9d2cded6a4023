//! The arguments of `bench`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use resnet_wgpu::Precision;
use resnet_wgpu::low_level::preprocess::MAX_CROP_SIDE;
use resnet_wgpu_bench::{Scenario, Source};

use crate::options::choice::ChoiceArgs;
use crate::options::kernels::KernelArgs;
use crate::options::values::{self, BenchDevice};

/// Measure speed, and verify the results against the CPU
///
/// Measure the times of networks on a device: start-up with empty and with filled driver caches,
/// the steady state from the upload to the logits on the host, the GPU alone, and the host alone.
/// Each row is verified: all logits of the batch are compared with those of the CPU reference
/// before and after the timing. A row with wrong logits has no speed. Each row runs in its own
/// process.
///
/// Without arguments, measure resnet18 and resnet50 at batch 1 and 8 on the default device. The
/// number of repetitions depends on the speed of the machine: as many as fit into 5 seconds per
/// row, and at least 3.
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

    /// Images per batch; several values as 1,8,32
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,8",
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch_size: Vec<u32>,

    /// Precision of stored activations and weights: f32, f16 or auto
    ///
    /// Sums are f32 in any case. f16 takes half the memory and memory traffic, gives about three
    /// digits, and needs a device with f16 in shaders. `auto` selects f16 if f16 is faster, and
    /// otherwise selects f32 and reports the reason.
    #[arg(long, value_name = "P", value_delimiter = ',', default_value = "f32",
          value_parser = values::precision)]
    pub precision: Vec<Precision>,

    /// Device to measure: auto, all, or an index or name from `resnet devices`
    ///
    /// `auto` selects the best adapter. `all` measures every adapter on every backend and compares
    /// the adapters in one table. `resnet devices` lists the index of each adapter. A name is any
    /// part of an adapter's name, driver or backend.
    #[arg(long, value_name = "DEVICE", default_value = "auto", value_parser = values::bench_device)]
    pub device: BenchDevice,

    #[command(flatten)]
    pub choice: ChoiceArgs,

    #[command(flatten)]
    pub kernels: KernelArgs,

    /// One batch at a time (latency), or several in flight (throughput)
    #[arg(long, value_enum, default_value_t = ScenarioArg::Latency)]
    pub scenario: ScenarioArg,

    /// Time to measure each row, in seconds [default: 5]
    #[arg(long, value_name = "SECONDS", conflicts_with = "repetitions",
          allow_negative_numbers = true, value_parser = values::seconds)]
    pub duration: Option<f64>,

    /// Number of repetitions of each row, instead of a duration
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub repetitions: Option<u32>,

    /// Side of the images, in pixels [default: the network's own]
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_CROP_SIDE)))]
    pub input_size: Option<u32>,

    /// Largest accepted logit error, relative to the largest logit [default: 1e-4, in f16 2e-2]
    ///
    /// Errors up to this limit count as rounding. Untrained weights may magnify rounding so much
    /// that even correct f16 results exceed the default.
    #[arg(long, value_name = "ERROR", value_parser = values::tolerance)]
    pub tolerance: Option<f64>,

    /// Measure the device's peak rates, and compare results with them
    ///
    /// Measure the peak rates with small kernels: fused multiply-adds, matrix units, memory,
    /// dispatches, transfers. Results are then given as a percentage of the ceiling that these
    /// rates set (roofline: the larger of compute and traffic time, layer by layer).
    #[arg(long)]
    pub peaks: bool,

    /// Skip the start with empty driver caches
    #[arg(long)]
    pub no_startup: bool,

    /// Output format
    #[arg(long, value_enum, default_value_t = BenchFormat::Table, conflicts_with = "json")]
    pub format: BenchFormat,

    /// Print JSON, like --format json
    #[arg(long)]
    pub json: bool,

    /// Also write the results as an HTML page with charts, in one file
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,

    /// Also write the results as JSON, for `resnet compare`
    #[arg(long, value_name = "FILE.json")]
    pub save: Option<PathBuf>,
}

/// The output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BenchFormat {
    /// Table for a terminal.
    Table,
    /// Markdown for an issue or a README.
    Markdown,
    /// CSV for a spreadsheet: one line per row.
    Csv,
    /// JSON with all samples; its schema is crates/bench/data/bench.schema.json.
    Json,
}

/// The number of batches in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScenarioArg {
    /// One batch at a time.
    Latency,
    /// Several batches in flight.
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
