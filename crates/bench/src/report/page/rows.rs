//! All rows of all results, and labels that distinguish them.

use crate::{Device, Report, Row, Scenario, Stats, Status, Work};

use super::number::{Num, tiny};

/// One row and its position in the results.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub report: usize,
    pub index: usize,
    pub row: &'a Row,
    pub device: Option<&'a Device>,
    /// The index into [`Rows::series`].
    pub series: usize,
}

/// A time per batch, and the figure in the JSON that is this time or from which it is computed.
#[derive(Debug, Clone)]
pub(super) struct BatchTime {
    pub ms: f64,
    pub from: Num,
}

/// A device of one result, whose bars have one colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Series {
    pub report: usize,
    device: Option<usize>,
    asked: String,
    /// The label that distinguishes this series from the others.
    pub label: String,
}

/// All rows of all results, and their series.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub reports: &'a [(String, &'a Report)],
    pub entries: Vec<Entry<'a>>,
    pub series: Vec<Series>,
}

impl<'a> Rows<'a> {
    pub fn of(reports: &'a [(String, &'a Report)]) -> Self {
        let mut rows = Self {
            reports,
            entries: vec![],
            series: vec![],
        };
        for (report, (_, result)) in reports.iter().enumerate() {
            for (index, row) in result.rows.iter().enumerate() {
                let device = row.device.and_then(|i| result.devices.get(i));
                let series = rows.series_of(report, row, device);
                rows.entries.push(Entry {
                    report,
                    index,
                    row,
                    device,
                    series,
                });
            }
        }
        rows.label_series();
        rows
    }

    fn series_of(&mut self, report: usize, row: &Row, device: Option<&Device>) -> usize {
        let series = Series {
            report,
            device: device.and(row.device),
            // A device that was opened has the same name for every way in which it was requested.
            asked: match device {
                Some(_) => String::new(),
                None => row.device_asked.clone(),
            },
            label: match device {
                Some(device) => device.name.clone(),
                None => row.device_asked.clone(),
            },
        };
        let known = self.series.iter().position(|known| *known == series);
        known.unwrap_or_else(|| {
            self.series.push(series);
            self.series.len() - 1
        })
    }

    /// Extends equal labels until the labels differ, but no further.
    fn label_series(&mut self) {
        let plain = self.series.clone();
        for (i, series) in self.series.iter_mut().enumerate() {
            let (name, report) = &self.reports[series.report];
            let has_equal_label =
                |other: &Series| other.report == series.report && other.label == series.label;
            let device = series.device.and_then(|i| report.devices.get(i));
            if let Some(device) = device
                && plain
                    .iter()
                    .enumerate()
                    .any(|(j, other)| j != i && has_equal_label(other))
            {
                series.label = format!("{} ({})", series.label, device.backend);
            }
            if self.reports.len() > 1 {
                series.label = format!("{name} · {}", series.label);
            }
        }
    }

    pub fn label(&self, entry: &Entry) -> &str {
        &self.series[entry.series].label
    }

    /// Returns the rows grouped by work, in the order of first appearance.
    pub fn groups(&self) -> Vec<Vec<&Entry<'a>>> {
        let mut groups: Vec<Vec<&Entry>> = vec![];
        for entry in &self.entries {
            let same = |group: &&mut Vec<&Entry>| group[0].row.work == entry.row.work;
            match groups.iter_mut().find(same) {
                Some(group) => group.push(entry),
                None => groups.push(vec![entry]),
            }
        }
        groups
    }

    /// Returns the row with which a row of a group is compared. This row is the first result's row
    /// on the same device, or else the first result's first row. Returns `None` if a row would be
    /// compared with itself.
    pub fn reference<'b>(&self, group: &[&'b Entry<'a>], of: &Entry) -> Option<&'b Entry<'a>> {
        fn identity(device: &Device) -> (&str, &str) {
            (&device.name, &device.backend)
        }
        let mut first = group.iter().filter(|e| e.report == 0 && e.is_right());
        let same = first
            .clone()
            .find(|e| e.device.is_some() && e.device.map(identity) == of.device.map(identity));
        let reference = match self.reports.len() {
            0 | 1 => first.next(),
            _ => same.or_else(|| first.next()),
        }?;
        let itself = (reference.report, reference.index) == (of.report, of.index);
        (!itself).then_some(reference)
    }

    /// Returns the work in words, with the settings in which rows differ.
    pub fn work(&self, work: &Work) -> String {
        let differs = |part: fn(&Work) -> String| {
            self.entries.iter().any(|e| part(&e.row.work) != part(work))
        };
        let mut text = format!("{} · batch {}", work.model, work.batch_size);
        let mut add = |part: String| {
            text.push_str(" · ");
            text.push_str(&part);
        };
        if differs(|w| w.input_size.to_string()) {
            add(format!("{} px", work.input_size));
        }
        if differs(|w| w.precision.clone()) {
            add(work.precision.clone());
        }
        if differs(|w| scenario(w.scenario).into()) {
            add(scenario(work.scenario).into());
        }
        let same_model = |e: &&Entry| e.row.work.model == work.model;
        let mut models = self.entries.iter().filter(same_model);
        if models.any(|e| e.row.work.weights != work.weights) {
            add(format!("weights {}", work.weights));
        }
        text
    }

    /// Returns the work in words, with the device if several series exist.
    pub fn title(&self, entry: &Entry) -> String {
        let work = self.work(&entry.row.work);
        match self.series.len() {
            0 | 1 => work,
            _ => format!("{work} · {}", self.label(entry)),
        }
    }
}

impl Entry<'_> {
    /// Returns whether the row's outputs are right, so that it has a speed.
    pub fn is_right(&self) -> bool {
        let passed = self.row.verification.as_ref().is_none_or(|v| v.passed);
        self.row.status == Status::Ok && passed
    }

    /// Returns the end-to-end times, or `None` if the row failed.
    pub fn times(&self) -> Option<&Stats> {
        self.row.end_to_end.as_ref().filter(|_| self.is_right())
    }

    /// Returns the time per batch. A latency row's time is its median. With several batches in
    /// flight, a batch's own time is mostly waiting, so a throughput row's time is computed from
    /// its rate.
    pub fn batch_ms(&self) -> Option<BatchTime> {
        let times = self.times()?;
        if self.row.work.scenario == Scenario::Latency {
            return Some(BatchTime {
                ms: times.median,
                from: self.ms(times.median, "end_to_end/median"),
            });
        }
        let images = self.row.images_per_second.filter(|images| *images > 0.0)?;
        Some(BatchTime {
            ms: 1e3 * self.row.work.batch_size as f64 / images,
            from: Num::rate(images, self.at("images_per_second")),
        })
    }

    /// Returns the reason why the row failed.
    pub fn why(&self) -> String {
        if let Some(error) = &self.row.error {
            return error.clone();
        }
        match &self.row.verification {
            Some(v) if !v.passed => {
                let errors = v.checks().filter_map(|check| check.relative_error);
                let shown: Vec<_> = errors.map(tiny).collect();
                if shown.is_empty() {
                    "an output is not a number".into()
                } else {
                    format!(
                        "the outputs are wrong: error {}, right up to {}",
                        shown.join(" and "),
                        tiny(v.tolerance)
                    )
                }
            }
            _ => "no reason was given".into(),
        }
    }

    /// Returns the JSON pointer to a field of the row.
    pub fn at(&self, path: &str) -> String {
        format!("/{}/report/rows/{}/{path}", self.report, self.index)
    }

    pub fn ms(&self, value: f64, path: &str) -> Num {
        Num::ms(value, self.at(path))
    }
}

pub(super) fn scenario(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::Latency => "latency",
        Scenario::Throughput => "throughput",
    }
}
