//! Matches rows of the same work, and reports differences between works.

use std::collections::BTreeMap;

use resnet_wgpu::low_level::printable;

use crate::report::text::devices::{DeviceRows, devices};
use crate::report::text::works::scenario;
use crate::{Report, Row, Work};

/// The most differences that a message lists.
const MAX_LISTED: usize = 12;

/// An error for results that cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// Fewer than two results.
    #[error("expected two results or more to compare, found {0}")]
    TooFew(usize),
    /// A result without rows.
    #[error("{file}: expected rows to compare, found none; make it again")]
    Empty {
        /// The file.
        file: String,
    },
    /// Results with different numbers of devices.
    #[error(
        "{file}: expected {expected}, as {first} has, found {found}; devices are compared in their \
         order, so run both with as many (`resnet bench --device`)"
    )]
    Devices {
        /// The first file.
        first: String,
        /// The file that differs from it.
        file: String,
        /// The first file's devices.
        expected: String,
        /// The other file's devices.
        found: String,
    },
    /// A result with two rows of one work on one device.
    #[error("{file}: expected each work once on a device, found two rows of {work}; make it again")]
    Twice {
        /// The file.
        file: String,
        /// The work.
        work: String,
    },
    /// Results of different works.
    #[error(
        "{file}: expected the work of {first}, found other work, and times of these cannot be \
         compared: {}; run `resnet bench` with the same networks, weights, sizes and scenarios",
        .differences.join("; ")
    )]
    Work {
        /// The first file.
        first: String,
        /// The file that differs from it.
        file: String,
        /// The differences, each in one sentence.
        differences: Vec<String>,
    },
}

/// Results whose rows are matched.
pub(super) struct Matching<'a> {
    /// The devices of each file. All files have equal numbers of devices.
    pub devices: Vec<Vec<DeviceRows<'a>>>,
    pub rows: Vec<MatchedRow<'a>>,
}

/// One work on one device.
pub(super) struct MatchedRow<'a> {
    pub device: usize,
    pub work: &'a Work,
    /// The row of each file.
    pub rows: Vec<&'a Row>,
}

type RowsByWork<'a> = BTreeMap<&'a Work, &'a Row>;

/// Finds for each row of the first result the matching rows of the other results.
pub(super) fn match_rows<'a>(
    reports: &[(String, &'a Report)],
) -> Result<Matching<'a>, CompareError> {
    if reports.len() < 2 {
        return Err(CompareError::TooFew(reports.len()));
    }
    let mut files = vec![];
    for (file, report) in reports {
        if report.rows.is_empty() {
            return Err(CompareError::Empty { file: file.clone() });
        }
        files.push(devices(report));
    }
    let (first_name, first_report) = &reports[0];
    let first_devices = &files[0];
    let mut by_work: Vec<Vec<RowsByWork<'a>>> = vec![];
    for ((file, report), devices) in reports.iter().zip(&files) {
        if devices.len() != first_devices.len() {
            return Err(CompareError::Devices {
                first: first_name.clone(),
                file: file.clone(),
                expected: device_list(first_report, first_devices),
                found: device_list(report, devices),
            });
        }
        let maps = devices.iter().map(|device| rows_by_work(file, device));
        by_work.push(maps.collect::<Result<_, _>>()?);
    }
    for (maps, (file, _)) in by_work.iter().zip(reports).skip(1) {
        let differences = differences(&by_work[0], maps, [first_name, file]);
        if !differences.is_empty() {
            return Err(CompareError::Work {
                first: first_name.clone(),
                file: file.clone(),
                differences,
            });
        }
    }
    let mut rows = vec![];
    for (device, of_first) in first_devices.iter().enumerate() {
        for row in &of_first.rows {
            let same = by_work
                .iter()
                .filter_map(|file| file[device].get(&row.work));
            rows.push(MatchedRow {
                device,
                work: &row.work,
                rows: same.copied().collect(),
            });
        }
    }
    Ok(Matching {
        devices: files,
        rows,
    })
}

/// Returns the devices in words, such as `2 devices (NVIDIA H200, llvmpipe)`.
fn device_list(report: &Report, devices: &[DeviceRows<'_>]) -> String {
    let names = devices
        .iter()
        .take(MAX_LISTED)
        .map(|d| printable(d.name(report)));
    let names: Vec<String> = names.collect();
    let s = if devices.len() == 1 { "" } else { "s" };
    format!("{} device{s} ({})", devices.len(), names.join(", "))
}

fn rows_by_work<'a>(file: &str, device: &DeviceRows<'a>) -> Result<RowsByWork<'a>, CompareError> {
    let mut map = RowsByWork::new();
    for row in &device.rows {
        if map.insert(&row.work, row).is_some() {
            return Err(CompareError::Twice {
                file: file.into(),
                work: full_description(&row.work),
            });
        }
    }
    Ok(map)
}

/// Returns the differences, each in one sentence. Only the first [`MAX_LISTED`] differences are
/// listed, followed by the number of the rest.
fn differences(
    first: &[RowsByWork<'_>],
    other: &[RowsByWork<'_>],
    names: [&str; 2],
) -> Vec<String> {
    let mut lines = vec![];
    let mut more = 0;
    for (first, other) in first.iter().zip(other) {
        let only = |a: &RowsByWork<'_>, b: &RowsByWork<'_>| -> Vec<Work> {
            let only = a.keys().filter(|work| !b.contains_key(*work));
            only.map(|work| (*work).clone()).collect()
        };
        let mut surplus = only(other, first);
        for work in only(first, other) {
            if lines.len() >= MAX_LISTED {
                more += 1;
                continue;
            }
            // Two nearly equal works were probably meant to be equal.
            let near = (surplus.iter().enumerate())
                .map(|(i, s)| (differing_settings(&work, s).len(), i))
                .min()
                .filter(|(_, i)| surplus[*i].model == work.model);
            lines.push(match near {
                Some((_, i)) => {
                    let other = surplus.swap_remove(i);
                    describe_difference(&work, &other, names)
                }
                None => format!("{} is in {} only", full_description(&work), names[0]),
            });
        }
        for work in surplus {
            if lines.len() < MAX_LISTED {
                let description = full_description(&work);
                lines.push(format!("{description} is in {} only", names[1]))
            } else {
                more += 1
            }
        }
    }
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// Returns the difference of two works, such as `resnet50, batch 8: weights seed 0 in a.json, seed
/// 1 in b.json`.
fn describe_difference(first: &Work, other: &Work, names: [&str; 2]) -> String {
    let settings: Vec<String> = (differing_settings(first, other).into_iter())
        .map(|(what, a, b)| format!("{what} {a} in {}, {b} in {}", names[0], names[1]))
        .collect();
    let model = printable(&first.model);
    let batch = first.batch_size;
    format!("{model}, batch {batch}: {}", settings.join(", "))
}

/// Returns the name and both values of each differing setting.
fn differing_settings(a: &Work, b: &Work) -> Vec<(&'static str, String, String)> {
    let setting = |what, a: String, b: String| (what, printable(&a), printable(&b));
    let number = |n: usize| n.to_string();
    let mut settings = vec![
        setting("network", a.model.clone(), b.model.clone()),
        setting("weights", a.weights.clone(), b.weights.clone()),
        setting(
            "parameters",
            a.parameters.to_string(),
            b.parameters.to_string(),
        ),
        setting("MACs", a.macs.to_string(), b.macs.to_string()),
        setting("batch size", number(a.batch_size), number(b.batch_size)),
        setting("input size", number(a.input_size), number(b.input_size)),
        setting("precision", a.precision.clone(), b.precision.clone()),
        setting(
            "scenario",
            scenario(a.scenario).into(),
            scenario(b.scenario).into(),
        ),
    ];
    settings.retain(|(_, a, b)| a != b);
    settings
}

/// Returns the full description of a work.
fn full_description(work: &Work) -> String {
    printable(format!(
        "{}, batch {}, input {}×{}, {}, {}, weights {}",
        work.model,
        work.batch_size,
        work.input_size,
        work.input_size,
        work.precision,
        scenario(work.scenario),
        work.weights
    ))
}
