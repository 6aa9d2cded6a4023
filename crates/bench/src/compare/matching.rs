//! Matches rows of the same work, and reports differences between works.

use std::collections::BTreeMap;

use resnet_wgpu::low_level::printable;

use crate::report::text::devices::{DeviceRows, devices};
use crate::report::text::works::scenario;
use crate::{Report, Row, Work};

/// The most differences that a message lists.
const TOLD: usize = 12;

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
    pub rows: Vec<Matched<'a>>,
}

/// One work on one device.
pub(super) struct Matched<'a> {
    pub device: usize,
    pub work: &'a Work,
    /// The row of each file.
    pub rows: Vec<&'a Row>,
}

type ByWork<'a> = BTreeMap<&'a Work, &'a Row>;

/// Finds for each row of the first result the matching rows of the other results.
pub(super) fn matched<'a>(reports: &[(String, &'a Report)]) -> Result<Matching<'a>, CompareError> {
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
    let first = (&reports[0].0, reports[0].1, &files[0]);
    let mut by_work: Vec<Vec<ByWork<'a>>> = vec![];
    for ((file, report), devices) in reports.iter().zip(&files) {
        if devices.len() != first.2.len() {
            return Err(CompareError::Devices {
                first: first.0.clone(),
                file: file.clone(),
                expected: listed(first.1, first.2),
                found: listed(report, devices),
            });
        }
        let maps = devices.iter().map(|device| by_works(file, device));
        by_work.push(maps.collect::<Result<_, _>>()?);
    }
    for (maps, (file, _)) in by_work.iter().zip(reports).skip(1) {
        let differences = differences(&by_work[0], maps, [first.0, file]);
        if !differences.is_empty() {
            return Err(CompareError::Work {
                first: first.0.clone(),
                file: file.clone(),
                differences,
            });
        }
    }
    let mut rows = vec![];
    for (device, of_first) in first.2.iter().enumerate() {
        for row in &of_first.rows {
            let same = by_work
                .iter()
                .filter_map(|file| file[device].get(&row.work));
            rows.push(Matched {
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
fn listed(report: &Report, devices: &[DeviceRows<'_>]) -> String {
    let names = devices.iter().take(TOLD).map(|d| printable(d.name(report)));
    let names: Vec<String> = names.collect();
    let s = if devices.len() == 1 { "" } else { "s" };
    format!("{} device{s} ({})", devices.len(), names.join(", "))
}

fn by_works<'a>(file: &str, device: &DeviceRows<'a>) -> Result<ByWork<'a>, CompareError> {
    let mut map = ByWork::new();
    for row in &device.rows {
        if map.insert(&row.work, row).is_some() {
            return Err(CompareError::Twice {
                file: file.into(),
                work: whole(&row.work),
            });
        }
    }
    Ok(map)
}

/// Returns the differences, each in one sentence. Only the first [`TOLD`] differences are listed,
/// followed by the number of the rest.
fn differences(first: &[ByWork<'_>], other: &[ByWork<'_>], names: [&str; 2]) -> Vec<String> {
    let mut told = vec![];
    let mut more = 0;
    for (first, other) in first.iter().zip(other) {
        let only = |a: &ByWork<'_>, b: &ByWork<'_>| -> Vec<Work> {
            let only = a.keys().filter(|work| !b.contains_key(*work));
            only.map(|work| (*work).clone()).collect()
        };
        let mut surplus = only(other, first);
        for work in only(first, other) {
            if told.len() >= TOLD {
                more += 1;
                continue;
            }
            // Two nearly equal works were probably meant to be equal.
            let near = (surplus.iter().enumerate())
                .map(|(i, s)| (parts(&work, s).len(), i))
                .min()
                .filter(|(_, i)| surplus[*i].model == work.model);
            told.push(match near {
                Some((_, i)) => {
                    let other = surplus.swap_remove(i);
                    between(&work, &other, names)
                }
                None => format!("{} is in {} only", whole(&work), names[0]),
            });
        }
        for work in surplus {
            if told.len() < TOLD {
                told.push(format!("{} is in {} only", whole(&work), names[1]))
            } else {
                more += 1
            }
        }
    }
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    told
}

/// Returns the difference of two works, such as `resnet50, batch 8: weights seed 0 in a.json, seed
/// 1 in b.json`.
fn between(first: &Work, other: &Work, names: [&str; 2]) -> String {
    let parts: Vec<String> = (parts(first, other).into_iter())
        .map(|(what, a, b)| format!("{what} {a} in {}, {b} in {}", names[0], names[1]))
        .collect();
    let (model, batch) = (printable(&first.model), first.batch_size);
    format!("{model}, batch {batch}: {}", parts.join(", "))
}

/// Returns the name and both values of each differing setting.
fn parts(a: &Work, b: &Work) -> Vec<(&'static str, String, String)> {
    let part = |what, a: String, b: String| (what, printable(&a), printable(&b));
    let number = |n: usize| n.to_string();
    let mut parts = vec![
        part("network", a.model.clone(), b.model.clone()),
        part("weights", a.weights.clone(), b.weights.clone()),
        part(
            "parameters",
            a.parameters.to_string(),
            b.parameters.to_string(),
        ),
        part("MACs", a.macs.to_string(), b.macs.to_string()),
        part("batch size", number(a.batch_size), number(b.batch_size)),
        part("input size", number(a.input_size), number(b.input_size)),
        part("precision", a.precision.clone(), b.precision.clone()),
        part(
            "scenario",
            scenario(a.scenario).into(),
            scenario(b.scenario).into(),
        ),
    ];
    parts.retain(|(_, a, b)| a != b);
    parts
}

/// Returns the full description of a work.
fn whole(work: &Work) -> String {
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
