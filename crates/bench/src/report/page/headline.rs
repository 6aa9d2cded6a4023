//! The summary at the top of the page: the devices, their speed, and the reliability of the
//! figures.

use serde::Serialize;

use crate::{Power, Row, Scenario};

use super::number::{Num, ratio};
use super::rows::{Entry, Rows};

#[derive(Debug, Serialize)]
pub(super) struct Headline {
    devices: Vec<String>,
    failed: usize,
    rows: usize,
    verdicts: Vec<String>,
    warnings: Vec<Warning>,
    cards: Vec<Card>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Warning {
    about: String,
    text: String,
}

/// One work with the figures of each row that did this work.
#[derive(Debug, Serialize)]
struct Card {
    work: String,
    figures: Vec<Figure>,
}

#[derive(Debug, Serialize)]
struct Figure {
    colour: String,
    label: Option<String>,
    images: Option<Num>,
    /// The median of a latency row. In the throughput scenario, a batch's own time is mostly
    /// waiting.
    median: Option<Num>,
    in_flight: usize,
    ratio: Option<String>,
    why: Option<String>,
}

pub(super) fn headline(rows: &Rows) -> Headline {
    let mut devices: Vec<String> = vec![];
    for (_, report) in rows.reports {
        for device in &report.devices {
            if !devices.contains(&device.name) {
                devices.push(device.name.clone());
            }
        }
    }
    Headline {
        devices,
        failed: rows.entries.iter().filter(|e| !e.is_right()).count(),
        rows: rows.entries.len(),
        verdicts: verdicts(rows),
        warnings: warnings(rows),
        cards: rows
            .groups()
            .iter()
            .map(|group| card(rows, group))
            .collect(),
    }
}

fn card(rows: &Rows, group: &[&Entry]) -> Card {
    Card {
        work: rows.work(&group[0].row.work),
        figures: group
            .iter()
            .map(|entry| figure(rows, group, entry))
            .collect(),
    }
}

fn figure(rows: &Rows, group: &[&Entry], entry: &Entry) -> Figure {
    let images = entry.row.images_per_second.filter(|_| entry.is_right());
    Figure {
        colour: colour(entry.series),
        label: (rows.series.len() > 1).then(|| rows.label(entry).into()),
        images: images.map(|images| {
            let at = entry.at("images_per_second");
            Num::rate(images, at)
        }),
        median: (entry.times())
            .filter(|_| entry.row.work.scenario == Scenario::Latency)
            .map(|times| entry.ms(times.median, "end_to_end/median")),
        in_flight: entry.row.in_flight,
        ratio: rows
            .reference(group, entry)
            .and_then(|reference| speed_up(reference, entry))
            .map(|times| format!("{}×", ratio(times))),
        why: (!entry.is_right()).then(|| entry.why()),
    }
}

/// Returns the class in the style sheet that sets a series' colour.
pub(super) fn colour(series: usize) -> String {
    format!("s{}", 1 + series % 7)
}

/// Returns the ratio of images per second to the reference row's.
pub(super) fn speed_up(reference: &Entry, entry: &Entry) -> Option<f64> {
    let right = entry.is_right() && reference.is_right();
    let ratio = entry.row.images_per_second? / reference.row.images_per_second?;
    (right && ratio.is_finite() && ratio > 0.0).then_some(ratio)
}

/// Compares each further result with the first result.
fn verdicts(rows: &Rows) -> Vec<String> {
    let Some(((first, _), rest)) = rows.reports.split_first() else {
        return vec![];
    };
    let rest = rest.iter().enumerate();
    rest.map(|(i, (name, _))| verdict(rows, first, i + 1, name))
        .collect()
}

fn verdict(rows: &Rows, first: &str, report: usize, name: &str) -> String {
    let groups = rows.groups();
    let mut logs = vec![];
    let mut references = vec![];
    for group in &groups {
        for entry in group.iter().filter(|entry| entry.report == report) {
            let Some(reference) = rows.reference(group, entry) else {
                continue;
            };
            logs.extend(speed_up(reference, entry).map(f64::ln));
            references.push(reference.series);
        }
    }
    if logs.is_empty() {
        return format!("{name} and {first} have no row in common, so no rows are compared.");
    }
    // If all rows are compared with the same one of several devices, name this device.
    references.dedup();
    let with = match references[..] {
        [one] => &rows.series[one].label,
        _ => first,
    };
    let mean = (logs.iter().sum::<f64>() / logs.len() as f64).exp();
    let times = ratio(mean);
    let over = match logs.len() {
        1 => "in the one row that both have".into(),
        n => format!("over the {n} rows that both have (geometric mean)"),
    };
    format!("{name} makes {times} times as many images a second as {with}, {over}.")
}

fn warnings(rows: &Rows) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = vec![];
    let mut add = |warning: Warning| {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    };
    for (name, report) in rows.reports {
        for device in &report.devices {
            for text in &device.warnings {
                let about = device.name.clone();
                let text = text.clone();
                add(Warning { about, text });
            }
        }
        let mut device_warnings = report.devices.iter().flat_map(|device| &device.warnings);
        let mentioned = device_warnings.any(|text| text.to_lowercase().contains("battery"));
        if report.host.power == Power::Battery && !mentioned {
            let text = "the machine ran on battery, so its clocks may have been lower".into();
            add(Warning {
                about: if name.is_empty() {
                    "This machine".into()
                } else {
                    name.clone()
                },
                text,
            });
        }
    }
    type RowFilter = fn(&Row) -> bool;
    let filters: [(RowFilter, &str); 2] = [
        (
            |row| {
                let v = row.verification.as_ref();
                v.and_then(|v| v.deterministic) == Some(false)
            },
            "two runs on one input differed, so the outputs are not deterministic",
        ),
        (
            |row| !row.warnings.is_empty(),
            "the table shows the warnings about their figures",
        ),
    ];
    for (is_affected, text) in filters {
        let n = rows.entries.iter().filter(|e| is_affected(e.row)).count();
        if n > 0 {
            warnings.push(Warning {
                about: format!("{n} of {} rows", rows.entries.len()),
                text: text.into(),
            });
        }
    }
    warnings
}
