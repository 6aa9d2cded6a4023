//! The result of a benchmark as JSON stores it. Times are in milliseconds unless a name says
//! otherwise. Shapes are of one image in PyTorch's order. A GFLOP is 10⁹ floating-point operations,
//! and a multiply-accumulate counts as two of them. A gigabyte is 10⁹ bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use super::machine::{CooperativePeak, Device, Host, Limits, NotMeasured, Peaks, Power};
use crate::check::{at_least_one, not_negative};
use resnet_wgpu::low_level::gpu::Clock;

#[cfg(test)]
use crate::schema_tests::Clocks;

/// The version of this layout. The version grows with every change of the layout.
pub const SCHEMA_VERSION: u32 = 1;

/// All that one run of `resnet bench` found. Times are in milliseconds unless a
/// name says otherwise; a GFLOP is 10^9 floating-point operations, and a
/// multiply-accumulate is two of them; a gigabyte is 10^9 bytes. Whatever was
/// not measured is null, and no number is negative. `schema_version` grows with
/// every change of this layout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "A result of `resnet bench --json`"))]
pub struct Report {
    /// The version of this layout.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA_VERSION)))]
    pub schema_version: u32,
    /// When it was made: UTC, RFC 3339.
    pub created: String,
    /// The command line that made it.
    pub command: String,
    /// Version of resnet-wgpu.
    pub crate_version: String,
    /// Version of wgpu.
    pub wgpu_version: String,
    /// How often rows were repeated.
    pub repetitions: Repetitions,
    /// The machine besides its GPU.
    pub host: Host,
    /// The devices that rows refer to by index.
    pub devices: Vec<Device>,
    /// One measurement each.
    pub rows: Vec<Row>,
}

/// How often each row was repeated: for a while, within bounds. A row's own
/// number is that of its samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Repetitions {
    /// For that many seconds,
    #[serde(deserialize_with = "not_negative")]
    pub seconds: f64,
    /// but so often at least,
    #[cfg_attr(test, schemars(range(min = 1)))]
    #[serde(deserialize_with = "at_least_one")]
    pub at_least: usize,
    /// and at most.
    #[cfg_attr(test, schemars(range(min = 1)))]
    #[serde(deserialize_with = "at_least_one")]
    pub at_most: usize,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(transform = crate::schema_tests::only_right_rows_have_speeds))]
pub struct Row {
    /// Its device, an index into `devices`; null where the device could not be
    /// opened.
    pub device: Option<usize>,
    /// The device as it was asked for.
    pub device_asked: String,
    /// What was computed.
    pub work: Work,
    /// Batches in flight at a time.
    #[cfg_attr(test, schemars(range(min = 1)))]
    #[serde(deserialize_with = "at_least_one")]
    pub in_flight: usize,
    /// How it ended.
    pub status: Status,
    /// Why it failed.
    pub error: Option<String>,
    /// What lessens the worth of its figures: samples that scatter, a clock that
    /// cannot be right.
    pub warnings: Vec<String>,
    /// Whether the outputs were right; null where it did not come to that.
    pub verification: Option<Verification>,
    /// From the checkpoint to the first logits, in processes of their own.
    pub startup: Startups,
    /// Upload, inference, logits on the host, for one batch. Null unless verified,
    /// as all that follows.
    pub end_to_end: Option<Stats>,
    /// The part of `end_to_end` in which the host uploads, records and submits.
    pub encode: Option<Stats>,
    /// The GPU alone, for one batch.
    pub gpu: Option<Stats>,
    /// How `gpu` was timed.
    #[cfg_attr(test, schemars(with = "Option<Clocks>"))]
    pub gpu_clock: Option<Clock>,
    /// Images a second, end to end: of the median in the latency scenario, of the
    /// whole timed loop in the throughput scenario.
    #[serde(deserialize_with = "not_negative")]
    pub images_per_second: Option<f64>,
    /// GFLOP/s of the network's multiply-accumulates at that rate.
    #[serde(deserialize_with = "not_negative")]
    pub gflops: Option<f64>,
    /// The ceiling that the device's own peaks set; null where they were not
    /// measured.
    pub roofline: Option<Roofline>,
    /// Memory that it took.
    pub memory: Option<Memory>,
    /// Kernels by name, and how many dispatches each has.
    pub kernels: BTreeMap<String, usize>,
    /// How kernels were chosen: by the built-in rules, a tuning, or one kernel for
    /// debugging, and for how many convolutions; null where nothing ran.
    pub kernels_by: Option<String>,
    /// Each dispatch; null where that was not asked for.
    pub profile: Option<Profile>,
}

/// What a row computed; rows of two results are comparable where these are
/// equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Work {
    /// The network's name.
    pub model: String,
    /// Where the weights are from: `seed 0`, or a fingerprint of a file's.
    pub weights: String,
    /// Learned parameters.
    pub parameters: u64,
    /// Multiply-accumulates of one image.
    pub macs: u64,
    /// Images of a run.
    #[cfg_attr(test, schemars(range(min = 1)))]
    #[serde(deserialize_with = "at_least_one")]
    pub batch_size: usize,
    /// Side of an image, pixels.
    #[cfg_attr(test, schemars(range(min = 1)))]
    #[serde(deserialize_with = "at_least_one")]
    pub input_size: usize,
    /// In what activations and weights were stored: f32 or f16. Sums are f32.
    pub precision: String,
    /// How batches follow each other.
    pub scenario: Scenario,
}

/// How batches follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// One batch at a time: the next starts when the logits are there.
    Latency,
    /// Several batches in flight.
    Throughput,
}

/// How a row ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Measured, and the outputs were right.
    Ok,
    /// The outputs were wrong, so there is no speed.
    FailedVerification,
    /// It could not be run.
    Error,
}

/// Whether outputs were right: all images of the batch against the CPU twin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Verification {
    /// Right before and after the timed loop.
    pub passed: bool,
    /// Runs on one input agreed bit for bit; null where the first was wrong, so
    /// that there was no other.
    pub deterministic: Option<bool>,
    /// Errors up to this are right, as a part of the largest logit.
    #[serde(deserialize_with = "not_negative")]
    pub tolerance: f64,
    /// Images compared, each time.
    pub images: usize,
    /// The first logits.
    pub before: Check,
    /// The last logits of the timed loop; null where the first were wrong, so that
    /// there was no loop.
    pub after: Option<Check>,
}

/// Logits of a batch against the CPU twin's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Check {
    /// Largest error as a part of the largest logit; null where an output is not a
    /// number.
    #[serde(deserialize_with = "not_negative")]
    pub relative_error: Option<f64>,
    /// Images whose first class is the twin's.
    pub top1_equal: usize,
}

impl Verification {
    /// Returns the checks that were made.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        std::iter::once(&self.before).chain(&self.after)
    }

    /// Returns the largest error of all checks, or `None` if an output is not a number.
    pub fn worst_error(&self) -> Option<f64> {
        let mut errors = self.checks().map(|check| check.relative_error);
        errors.try_fold(0.0, |worst: f64, error| Some(worst.max(error?)))
    }
}

/// Start-ups in processes of their own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Startups {
    /// With empty driver caches; null where the driver's cache cannot be moved, or
    /// where it was not asked for.
    pub cold: Option<Startup>,
    /// With the driver caches that the cold start left; without one, with those
    /// that were found; null where it was not asked for.
    pub warm: Option<Startup>,
}

/// From the start of a process's work to its first logits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Startup {
    /// Finding and opening the device, ms.
    #[serde(deserialize_with = "not_negative")]
    pub device_ms: f64,
    /// Reading or making the weights, ms.
    #[serde(deserialize_with = "not_negative")]
    pub load_ms: f64,
    /// Folding, fusing and planning, ms.
    #[serde(deserialize_with = "not_negative")]
    pub plan_ms: f64,
    /// Making pipelines, ms.
    #[serde(deserialize_with = "not_negative")]
    pub pipelines_ms: f64,
    /// Making buffers, packing the weights and handing them over, ms.
    #[serde(deserialize_with = "not_negative")]
    pub upload_ms: f64,
    /// The first inference, ms; many drivers compile only now.
    #[serde(deserialize_with = "not_negative")]
    pub first_inference_ms: f64,
    /// All of it, ms.
    #[serde(deserialize_with = "not_negative")]
    pub total_ms: f64,
}

/// Samples and what they come to, in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Stats {
    /// Arithmetic mean, ms.
    pub mean: f64,
    /// Standard deviation of the sample (n - 1), ms; 0 of one.
    #[serde(deserialize_with = "not_negative")]
    pub stddev: f64,
    /// Smallest, ms.
    #[serde(deserialize_with = "not_negative")]
    pub min: f64,
    /// Half are smaller, ms.
    pub median: f64,
    /// Nine of ten are smaller, ms.
    pub p90: f64,
    /// 99 of 100 are smaller, ms.
    pub p99: f64,
    /// Largest, ms.
    pub max: f64,
    /// All, ms, in the order in which they were taken.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub samples: Vec<f64>,
}

/// The least time that the device's own peaks allow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Roofline {
    /// The sum over all steps of the larger of compute and traffic time, ms.
    #[serde(deserialize_with = "not_negative")]
    pub ceiling_ms: f64,
    /// The ceiling as a part of the GPU time, percent.
    #[serde(deserialize_with = "not_negative")]
    pub percent: f64,
}

/// Memory that a row took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Memory {
    /// Activations of the plan at their peak, bytes.
    pub activation_bytes: u64,
    /// Weights as kernels read them, bytes.
    pub weight_bytes: u64,
    /// Parameters and readback, bytes.
    pub other_bytes: u64,
    /// All device memory that the plan uses, bytes.
    pub device_bytes: u64,
    /// The most memory that the process ever held, bytes; null where the system
    /// does not tell.
    pub process_peak_bytes: Option<u64>,
}

/// Each dispatch of one inference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Profile {
    /// How it was timed.
    #[cfg_attr(test, schemars(with = "Clocks"))]
    pub clock: Clock,
    /// Inferences that the medians are of.
    pub repetitions: usize,
    /// Sum of the steps, ms.
    #[serde(deserialize_with = "not_negative")]
    pub total_ms: f64,
    /// In order of execution.
    pub steps: Vec<StepTime>,
}

/// One dispatch, for the whole batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepTime {
    /// The layer.
    pub layer: String,
    /// The kernel variant.
    pub kernel: String,
    /// Output of one image: channels, rows, columns.
    pub output: [usize; 3],
    /// Multiply-accumulates.
    pub macs: u64,
    /// Bytes that it must read and write at least: inputs, weights, output.
    pub bytes: u64,
    /// Median, ms.
    #[serde(deserialize_with = "not_negative")]
    pub ms: f64,
    /// Part of the sum of all steps, percent.
    #[serde(deserialize_with = "not_negative")]
    pub share: f64,
    /// GFLOP/s.
    #[serde(deserialize_with = "not_negative")]
    pub gflops: f64,
    /// GB/s of those bytes.
    #[serde(deserialize_with = "not_negative")]
    pub gbytes_per_second: f64,
    /// The larger of compute and traffic time at the device's peaks, ms; null where
    /// they were not measured.
    #[serde(deserialize_with = "not_negative")]
    pub ceiling_ms: Option<f64>,
    /// The ceiling as a part of the time, percent. Over 100 where caches
    /// deliver more than memory can.
    #[serde(deserialize_with = "not_negative")]
    pub roofline_percent: Option<f64>,
}
