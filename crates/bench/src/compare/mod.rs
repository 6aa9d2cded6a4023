//! Comparisons of results: of two GPUs, two drivers, or two versions of this program. Only rows of
//! the same work are compared, and only if their outputs are right.

mod environment;
mod matching;
#[cfg(test)]
mod tests;
mod text;

use resnet_wgpu::low_level::printable;
use serde::Serialize;

pub use environment::EnvironmentDifference;
pub use matching::CompareError;

use super::{Report, Row, Scenario, Stats, Status, Work};
use crate::report::text::cells::failure;

/// A comparison of results that did the same work. The first result is the baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The results, in the order in which they were given.
    pub files: Vec<ComparedFile>,
    /// The differences between the environments. Without such differences, differences in time are
    /// chance.
    pub environment: Vec<EnvironmentDifference>,
    /// One row for each work on each device, in the first file's order.
    pub rows: Vec<ComparedRow>,
}

/// One of the results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComparedFile {
    /// The file's path, or another name that was given for the result.
    pub name: String,
    /// The time at which the result was made.
    pub created: String,
    /// The result's devices, in the order in which they are compared.
    pub devices: Vec<String>,
}

/// A work on a device, with the measurements of each file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedRow {
    /// The index of the device in [`ComparedFile::devices`] of each file.
    pub device: usize,
    /// The work that was measured.
    pub work: Work,
    /// True if the outputs are right in all files, so that times are compared.
    pub comparable: bool,
    /// One measurement for each file.
    pub measures: Vec<Measurement>,
}

/// The measurement of a work in one file. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measurement {
    /// The outcome of the row.
    pub status: Status,
    /// The reason why the row has no times.
    pub failure: Option<String>,
    /// The median of the end-to-end time.
    pub median_ms: Option<f64>,
    /// The standard deviation of the end-to-end time.
    pub stddev_ms: Option<f64>,
    /// The number of samples.
    pub samples: Option<usize>,
    /// Images per second, end to end.
    pub images_per_second: Option<f64>,
    /// The median time of the GPU without the host's work.
    pub gpu_median_ms: Option<f64>,
    /// The ratio of the time per image to the first file's time per image. A ratio above 1 means
    /// slower. The ratio is of medians in the latency scenario and of rates in the throughput
    /// scenario. The ratio is `None` in the first file and if the row is not comparable. The fields
    /// below are `None` in these cases, too.
    pub time_ratio: Option<f64>,
    /// The ratio of the GPU's times, if both were taken by the same clock.
    pub gpu_ratio: Option<f64>,
    /// True if the difference is within the noise, as [`within_noise`] defines it. The value is
    /// `None` in the throughput scenario, in which times of single batches are not meaningful.
    pub within_noise: Option<bool>,
}

impl Comparison {
    /// Compares two or more named results. Devices are matched in their order of first appearance,
    /// and rows by their work.
    pub fn of(reports: &[(String, &Report)]) -> Result<Self, CompareError> {
        let matching = matching::match_rows(reports)?;
        let rows = matching.rows.into_iter().map(compare_row);
        let files = reports.iter().zip(&matching.devices);
        Ok(Self {
            environment: environment::differences(reports, &matching.devices),
            rows: rows.collect(),
            files: files
                .map(|((name, report), devices)| ComparedFile {
                    name: name.clone(),
                    created: report.created.clone(),
                    devices: devices.iter().map(|d| d.name(report)).collect(),
                })
                .collect(),
        })
    }

    /// Returns a line for each row that failed in any file, or that is more than `percent` percent
    /// slower in a later file than in the first, end to end. The line names the row and gives the
    /// reason.
    pub fn slower_than(&self, percent: f64) -> Vec<String> {
        let mut lines = vec![];
        for row in &self.rows {
            for (i, (file, measure)) in self.files.iter().zip(&row.measures).enumerate() {
                let description = || self.describe_row(row);
                if let Some(failure) = &measure.failure {
                    let line = format!("{}: failed in {}: {failure}", description(), file.name);
                    lines.push(printable(line));
                    continue;
                }
                let ratio = measure.time_ratio.filter(|_| i > 0);
                let slower = ratio.map(|ratio| 100.0 * (ratio - 1.0));
                if let Some(by) = slower.filter(|by| *by > percent) {
                    let line = format!("{}: {by:.1} % slower in {}", description(), file.name);
                    lines.push(printable(line));
                }
            }
        }
        lines
    }
}

/// Returns whether two medians are too close to be distinguished: whether the intervals median ±
/// standard deviation touch or overlap.
///
/// The standard deviation is the spread of single samples. The spread of the median would be far
/// smaller. However, conditions that differ between two runs (clocks, temperature, other programs)
/// vary as single samples do, and not as medians within one run do.
pub fn within_noise(first: &Stats, second: &Stats) -> bool {
    (first.median - second.median).abs() <= first.stddev + second.stddev
}

fn compare_row(matched: matching::MatchedRow<'_>) -> ComparedRow {
    let rows = matched.rows;
    let comparable = rows.iter().all(|row| times(row).is_some());
    let measures = rows.iter().enumerate().map(|(i, row)| {
        let first = rows.first().filter(|_| comparable && i > 0);
        measure(row, first.copied())
    });
    ComparedRow {
        device: matched.device,
        comparable,
        measures: measures.collect(),
        work: matched.work.clone(),
    }
}

/// Returns the measurement of a row, with ratios to the first file's row if the rows are
/// comparable.
fn measure(row: &Row, first: Option<&Row>) -> Measurement {
    let own = times(row);
    let both = first.and_then(times).zip(own);
    let gpu = own.and(row.gpu.as_ref());
    // Times by the host's clock and times by the GPU's clock are not comparable.
    let same_clock = first.filter(|first| first.gpu_clock == row.gpu_clock);
    let both_gpu = same_clock.and_then(|first| first.gpu.as_ref()).zip(gpu);
    let rates = first.and_then(|first| first.images_per_second);
    let rates = rates.zip(own.and(row.images_per_second));
    // With several batches in flight, a batch's own time is mostly waiting.
    let throughput = row.work.scenario == Scenario::Throughput;
    Measurement {
        status: row.status,
        failure: failure(row),
        median_ms: own.map(|s| s.median),
        stddev_ms: own.map(|s| s.stddev),
        samples: own.map(|s| s.samples.len()),
        images_per_second: own.and(row.images_per_second),
        gpu_median_ms: gpu.map(|s| s.median),
        time_ratio: if throughput {
            rates
                .map(|(first, own)| first / own)
                .filter(|r| r.is_finite())
        } else {
            both.and_then(ratio)
        },
        gpu_ratio: both_gpu.and_then(ratio),
        within_noise: both
            .filter(|_| !throughput)
            .map(|(first, own)| within_noise(first, own)),
    }
}

/// Returns the end-to-end times, or `None` if the row's outputs were not right.
fn times(row: &Row) -> Option<&Stats> {
    let right = row.status == Status::Ok;
    row.end_to_end.as_ref().filter(|_| right)
}

/// Returns the ratio of the second median to the first. Returns `None` if the first is 0 because
/// the clock is too coarse.
fn ratio((first, second): (&Stats, &Stats)) -> Option<f64> {
    let ratio = second.median / first.median;
    Some(ratio).filter(|ratio| ratio.is_finite())
}
