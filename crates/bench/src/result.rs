//! The result of a benchmark as JSON stores it. Times are in milliseconds unless a name says
//! otherwise. Shapes are of one image in PyTorch's order. A GFLOP is 10⁹ floating-point operations,
//! and a multiply-accumulate counts as two of them. A gigabyte is 10⁹ bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use super::machine::{CooperativePeak, Device, Host, Limits, MissingFigure, Peaks, Power};
use crate::check::{at_least_one, not_negative};
use resnet_wgpu::low_level::gpu::Clock;

#[cfg(test)]
use crate::schema_tests::ClockSchema;

/// The version of this layout. The version grows with every change of the layout.
pub const SCHEMA_VERSION: u32 = 1;

/// The result of one run of `resnet bench`. Times are in milliseconds unless a name says
/// otherwise. A GFLOP is 10^9 floating-point operations, and a multiply-accumulate counts as
/// two of them. A gigabyte is 10^9 bytes. A value that was not measured is null, and no number
/// is negative. `schema_version` grows with every change of this layout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "A result of `resnet bench --json`"))]
pub struct Report {
    /// The version of this layout.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA_VERSION)))]
    pub schema_version: u32,
    /// The time when the result was written: UTC, RFC 3339.
    pub created: String,
    /// The command line of the run.
    pub command: String,
    /// The version of resnet-wgpu.
    pub crate_version: String,
    /// The version of wgpu.
    pub wgpu_version: String,
    /// The number of repetitions of each row.
    pub repetitions: Repetitions,
    /// The machine without its GPUs.
    pub host: Host,
    /// The devices, to which rows refer by index.
    pub devices: Vec<Device>,
    /// The rows, with one measurement each.
    pub rows: Vec<Row>,
}

/// The number of repetitions of each row: as many as fit into a duration, between a minimum and
/// a maximum. The actual number of a row is the number of its samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Repetitions {
    /// The duration of the repetitions, seconds, within the bounds below.
    #[serde(deserialize_with = "not_negative")]
    pub seconds: f64,
    /// The fewest repetitions.
    #[cfg_attr(test, schemars(range(min = 1)))]
    #[serde(deserialize_with = "at_least_one")]
    pub at_least: usize,
    /// The most repetitions.
    #[cfg_attr(test, schemars(range(min = 1)))]
    #[serde(deserialize_with = "at_least_one")]
    pub at_most: usize,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(transform = crate::schema_tests::only_right_rows_have_speeds))]
pub struct Row {
    /// The device of the row, as an index into `devices`; null if the device could not be
    /// opened.
    pub device: Option<usize>,
    /// The device selector on the command line.
    pub device_asked: String,
    /// The work of the row.
    pub work: Work,
    /// The number of batches in flight at a time.
    #[cfg_attr(test, schemars(range(min = 1)))]
    #[serde(deserialize_with = "at_least_one")]
    pub in_flight: usize,
    /// The outcome of the row.
    pub status: Status,
    /// The error of a row that failed.
    pub error: Option<String>,
    /// Reasons to distrust the figures of the row: scattered samples, or a clock that cannot be
    /// right.
    pub warnings: Vec<String>,
    /// The check of the outputs; null if the row ended before the check.
    pub verification: Option<Verification>,
    /// The start-ups, from the checkpoint to the first logits, each in a separate process.
    pub startup: Startups,
    /// The time of one batch from the upload to logits on the host. Null unless the outputs
    /// were right, like all fields below.
    pub end_to_end: Option<Stats>,
    /// The part of `end_to_end` in which the host uploads, records and submits.
    pub encode: Option<Stats>,
    /// The time of one batch on the GPU alone.
    pub gpu: Option<Stats>,
    /// The clock of `gpu`.
    #[cfg_attr(test, schemars(with = "Option<ClockSchema>"))]
    pub gpu_clock: Option<Clock>,
    /// Images per second, end to end: from the median in the latency scenario, and from the
    /// whole timed loop in the throughput scenario.
    #[serde(deserialize_with = "not_negative")]
    pub images_per_second: Option<f64>,
    /// GFLOP/s of the network's multiply-accumulates at the rate `images_per_second`.
    #[serde(deserialize_with = "not_negative")]
    pub gflops: Option<f64>,
    /// The ceiling from the device's own peaks; null if the peaks were not measured.
    pub roofline: Option<Roofline>,
    /// The memory that the row used.
    pub memory: Option<Memory>,
    /// The kernels by name, with the number of dispatches of each.
    pub kernels: BTreeMap<String, usize>,
    /// The source of the choice of kernels (the built-in rules, a tuning, or one kernel for
    /// debugging) and the number of convolutions; null if nothing ran.
    pub kernels_by: Option<String>,
    /// The time of each dispatch; null if no profile was requested.
    pub profile: Option<Profile>,
}

/// The work of a row. Rows of two results are comparable if their work is equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Work {
    /// The name of the network.
    pub model: String,
    /// The source of the weights: `seed 0`, or a fingerprint of the weights in a file.
    pub weights: String,
    /// The number of learned parameters.
    pub parameters: u64,
    /// The number of multiply-accumulates for one image.
    pub macs: u64,
    /// The number of images in one run.
    #[cfg_attr(test, schemars(range(min = 1)))]
    #[serde(deserialize_with = "at_least_one")]
    pub batch_size: usize,
    /// The side of an image, pixels.
    #[cfg_attr(test, schemars(range(min = 1)))]
    #[serde(deserialize_with = "at_least_one")]
    pub input_size: usize,
    /// The precision of stored activations and weights: f32 or f16. Sums are f32.
    pub precision: String,
    /// The order of batches: one at a time, or several in flight.
    pub scenario: Scenario,
}

/// The order of batches: one at a time, or several in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// One batch at a time. The next batch starts when the logits of the last one are on the
    /// host.
    Latency,
    /// Several batches in flight.
    Throughput,
}

/// The outcome of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The row was measured, and the outputs were right.
    Ok,
    /// The outputs were wrong, so there is no speed.
    FailedVerification,
    /// The work could not be run.
    Error,
}

/// The check of the outputs: all images of the batch, compared with the CPU reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Verification {
    /// True if the outputs were right before and after the timed loop.
    pub passed: bool,
    /// True if runs on one input agreed bit for bit; null if the first run was wrong, because
    /// no other run follows then.
    pub deterministic: Option<bool>,
    /// The largest error that counts as right, as a fraction of the largest logit.
    #[serde(deserialize_with = "not_negative")]
    pub tolerance: f64,
    /// The number of images in each check.
    pub images: usize,
    /// The check of the first logits.
    pub before: Check,
    /// The check of the last logits of the timed loop; null if the first logits were wrong,
    /// because the loop does not run then.
    pub after: Option<Check>,
}

/// The logits of a batch, compared with those of the CPU reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Check {
    /// The largest error as a fraction of the largest logit; null if an output is not a number.
    #[serde(deserialize_with = "not_negative")]
    pub relative_error: Option<f64>,
    /// The number of images with the same first class as the reference.
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

/// Start-ups, each in a separate process.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Startups {
    /// A start-up with empty driver caches; null if the driver's cache cannot be moved, or if
    /// no cold start was requested.
    pub cold: Option<Startup>,
    /// A start-up with the driver caches that the cold start filled. Without a cold start, the
    /// driver caches of earlier runs. Null if no start-up was requested.
    pub warm: Option<Startup>,
}

/// The time from the start of a process's work to its first logits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Startup {
    /// Time to find and open the device, ms.
    #[serde(deserialize_with = "not_negative")]
    pub device_ms: f64,
    /// Time to read or generate the weights, ms.
    #[serde(deserialize_with = "not_negative")]
    pub load_ms: f64,
    /// Time to fold, fuse and plan, ms.
    #[serde(deserialize_with = "not_negative")]
    pub plan_ms: f64,
    /// Time to create pipelines, ms.
    #[serde(deserialize_with = "not_negative")]
    pub pipelines_ms: f64,
    /// Time to create buffers, pack the weights and pass them to the driver, ms.
    #[serde(deserialize_with = "not_negative")]
    pub upload_ms: f64,
    /// Time of the first inference, ms. Many drivers compile only now.
    #[serde(deserialize_with = "not_negative")]
    pub first_inference_ms: f64,
    /// Time of the whole start-up, ms.
    #[serde(deserialize_with = "not_negative")]
    pub total_ms: f64,
}

/// Samples and their statistics, in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Stats {
    /// Arithmetic mean, ms.
    pub mean: f64,
    /// Standard deviation of the samples (divisor n - 1), ms; 0 for one sample.
    #[serde(deserialize_with = "not_negative")]
    pub stddev: f64,
    /// Smallest sample, ms.
    #[serde(deserialize_with = "not_negative")]
    pub min: f64,
    /// Median, ms.
    pub median: f64,
    /// 90th percentile, ms.
    pub p90: f64,
    /// 99th percentile, ms.
    pub p99: f64,
    /// Largest sample, ms.
    pub max: f64,
    /// All samples, ms, in the order of the measurement.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub samples: Vec<f64>,
}

/// The shortest time that the device's own peaks allow.
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

/// The memory that a row used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Memory {
    /// Peak size of the activations of the plan, bytes.
    pub activation_bytes: u64,
    /// Weights in the layout that kernels read, bytes.
    pub weight_bytes: u64,
    /// Parameters of kernels and readback buffers, bytes.
    pub other_bytes: u64,
    /// All device memory that the plan uses, bytes.
    pub device_bytes: u64,
    /// Peak memory of the process, bytes; null if the system does not report it.
    pub process_peak_bytes: Option<u64>,
}

/// The time of each dispatch of one inference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Profile {
    /// The clock of the profile.
    #[cfg_attr(test, schemars(with = "ClockSchema"))]
    pub clock: Clock,
    /// The number of inferences behind the medians.
    pub repetitions: usize,
    /// Sum of the times of all steps, ms.
    #[serde(deserialize_with = "not_negative")]
    pub total_ms: f64,
    /// The steps in order of execution.
    pub steps: Vec<StepTime>,
}

/// The time of one dispatch, for the whole batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepTime {
    /// The name of the layer.
    pub layer: String,
    /// The name of the kernel.
    pub kernel: String,
    /// Shape of the output of one image: channels, rows, columns.
    pub output: [usize; 3],
    /// Number of multiply-accumulates.
    pub macs: u64,
    /// The fewest bytes that the step must read and write: inputs, weights, output.
    pub bytes: u64,
    /// Median, ms.
    #[serde(deserialize_with = "not_negative")]
    pub ms: f64,
    /// The step's part of the sum of all steps, percent.
    #[serde(deserialize_with = "not_negative")]
    pub share: f64,
    /// GFLOP/s.
    #[serde(deserialize_with = "not_negative")]
    pub gflops: f64,
    /// GB/s of the bytes in `bytes`.
    #[serde(deserialize_with = "not_negative")]
    pub gbytes_per_second: f64,
    /// The larger of compute and traffic time at the device's peaks, ms; null if the peaks were
    /// not measured.
    #[serde(deserialize_with = "not_negative")]
    pub ceiling_ms: Option<f64>,
    /// The ceiling as a part of the time, percent. Over 100 if caches deliver more than memory
    /// can.
    #[serde(deserialize_with = "not_negative")]
    pub roofline_percent: Option<f64>,
}
