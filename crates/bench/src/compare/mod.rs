//! Results side by side: two GPUs, two drivers, two versions of this program.
//! Only the same work is compared, and only where it was done right.

mod environment;
mod matching;
mod show;
#[cfg(test)]
mod tests;

use resnet_wgpu::low_level::printable;
use serde::Serialize;

pub use environment::Difference;
pub use matching::CompareError;

use super::{Report, Row, Scenario, Stats, Status, Work};
use crate::report::text::cells::failure;

/// Results that did the same work, the first being what others are held
/// against.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The results, in the order in which they were given.
    pub files: Vec<ComparedFile>,
    /// What differs besides times. Where nothing does, differences are chance.
    pub environment: Vec<Difference>,
    /// One for each work on each device, in the first file's order.
    pub rows: Vec<ComparedRow>,
}

/// One of the results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComparedFile {
    /// The file, or whatever it was given as.
    pub name: String,
    /// When it was made.
    pub created: String,
    /// Its devices, in the order in which they are compared.
    pub devices: Vec<String>,
}

/// A work on a device, as each file has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedRow {
    /// The device, an index into [`ComparedFile::devices`] of each file.
    pub device: usize,
    /// What was computed.
    pub work: Work,
    /// Right in all files, so that times are compared.
    pub comparable: bool,
    /// One for each file.
    pub measures: Vec<Measure>,
}

/// What one file has for a work; times in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    /// How it ended.
    pub status: Status,
    /// Why it has no times.
    pub failure: Option<String>,
    /// End to end, median.
    pub median_ms: Option<f64>,
    /// Its standard deviation.
    pub stddev_ms: Option<f64>,
    /// Samples.
    pub samples: Option<usize>,
    /// Images a second, end to end.
    pub images_per_second: Option<f64>,
    /// The GPU alone, median.
    pub gpu_median_ms: Option<f64>,
    /// The time of an image as a part of the first file's, above 1 is slower:
    /// by the median in the latency scenario, by the rate in the throughput
    /// scenario. None in the first file and where the row is not comparable, as
    /// what follows.
    pub time_ratio: Option<f64>,
    /// The same of the GPU's time, where both are by the same clock.
    pub gpu_ratio: Option<f64>,
    /// The difference is within the noise: see [`within_noise`]; none in the
    /// throughput scenario, where single batches do not tell.
    pub within_noise: Option<bool>,
}

impl Comparison {
    /// Compares named results, of which there are two at least. Their devices
    /// are matched in the order in which they come up, rows by their work.
    pub fn of(reports: &[(String, &Report)]) -> Result<Self, CompareError> {
        let matched = matching::matched(reports)?;
        let rows = matched.rows.into_iter().map(compared);
        let files = reports.iter().zip(&matched.devices);
        Ok(Self {
            environment: environment::differences(reports, &matched.devices),
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

    /// For each row that is more than so many percent slower in a later file
    /// than in the first, end to end, or that failed in any, a line that names
    /// it and says why.
    pub fn slower_than(&self, percent: f64) -> Vec<String> {
        let mut lines = vec![];
        for row in &self.rows {
            for (i, (file, measure)) in self.files.iter().zip(&row.measures).enumerate() {
                let words = || self.words(row);
                if let Some(failure) = &measure.failure {
                    let line = format!("{}: failed in {}: {failure}", words(), file.name);
                    lines.push(printable(line));
                    continue;
                }
                let ratio = measure.time_ratio.filter(|_| i > 0);
                let slower = ratio.map(|ratio| 100.0 * (ratio - 1.0));
                if let Some(by) = slower.filter(|by| *by > percent) {
                    let line = format!("{}: {by:.1} % slower in {}", words(), file.name);
                    lines.push(printable(line));
                }
            }
        }
        lines
    }
}

/// Whether two medians are too close to tell: the intervals median ± standard
/// deviation touch or overlap.
///
/// That is the spread of single samples and not of the median, which is far
/// smaller, because what differs between two runs (clocks, temperature, other
/// programs) differs as single samples do, not as medians of one run.
pub fn within_noise(first: &Stats, second: &Stats) -> bool {
    (first.median - second.median).abs() <= first.stddev + second.stddev
}

fn compared(matched: matching::Matched<'_>) -> ComparedRow {
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

/// A row by itself, and held against the first file's where it is compared.
fn measure(row: &Row, first: Option<&Row>) -> Measure {
    let own = times(row);
    let both = first.and_then(times).zip(own);
    let gpu = own.and(row.gpu.as_ref());
    // Host time is no GPU time.
    let same_clock = first.filter(|first| first.gpu_clock == row.gpu_clock);
    let both_gpu = same_clock.and_then(|first| first.gpu.as_ref()).zip(gpu);
    let rates = first.and_then(|first| first.images_per_second);
    let rates = rates.zip(own.and(row.images_per_second));
    // With several batches in flight a batch's own time is mostly waiting.
    let throughput = row.work.scenario == Scenario::Throughput;
    Measure {
        status: row.status,
        failure: failure(row),
        median_ms: own.map(|s| s.median),
        stddev_ms: own.map(|s| s.stddev),
        samples: own.map(|s| s.samples.len()),
        images_per_second: own.and(row.images_per_second),
        gpu_median_ms: gpu.map(|s| s.median),
        time_ratio: match throughput {
            true => rates
                .map(|(first, own)| first / own)
                .filter(|r| r.is_finite()),
            false => both.and_then(ratio),
        },
        gpu_ratio: both_gpu.and_then(ratio),
        within_noise: both
            .filter(|_| !throughput)
            .map(|(first, own)| within_noise(first, own)),
    }
}

/// What was wrong has no speed.
fn times(row: &Row) -> Option<&Stats> {
    let right = row.status == Status::Ok;
    row.end_to_end.as_ref().filter(|_| right)
}

/// The second median as a part of the first; none of a clock too coarse to
/// see the first.
fn ratio((first, second): (&Stats, &Stats)) -> Option<f64> {
    let ratio = second.median / first.median;
    Some(ratio).filter(|ratio| ratio.is_finite())
}
