//! The table of all rows.

use serde::Serialize;

use crate::{Clock, Stats};

use super::headline::colour;
use super::number::{Num, spread};
use super::rows::{Entry, Rows, scenario};

#[derive(Debug, Serialize)]
pub(super) struct RowTable {
    groups: Vec<RowGroup>,
    /// True if any GPU time was taken by the host's clock.
    wall: bool,
}

/// Consecutive rows on one device.
#[derive(Debug, Serialize)]
struct RowGroup {
    colour: String,
    label: String,
    rows: Vec<TableRow>,
}

#[derive(Debug, Serialize)]
struct TableRow {
    model: String,
    batch: Num,
    input: Num,
    precision: String,
    scenario: &'static str,
    in_flight: usize,
    why: Option<String>,
    warnings: Vec<String>,
    median: Option<Num>,
    mean: Option<Num>,
    stddev: Option<Num>,
    p90: Option<Num>,
    p99: Option<Num>,
    min: Option<Num>,
    samples: Option<Num>,
    images: Option<Num>,
    gflops: Option<Num>,
    gpu: Option<Num>,
    /// True if the GPU time was taken by the host's clock, which makes it not comparable.
    wall: bool,
    encode: Option<Num>,
    roofline: Option<Num>,
    verified: Option<VerificationView>,
}

#[derive(Debug, Serialize)]
struct VerificationView {
    passed: bool,
    error: Option<Num>,
    /// The counts before the timed loop and, if the loop ran, after it.
    top1: Vec<Num>,
    images: Num,
    deterministic: Option<bool>,
}

pub(super) fn table(rows: &Rows) -> RowTable {
    let groups = rows.entries.chunk_by(|a, b| a.series == b.series);
    let groups: Vec<RowGroup> = groups
        .map(|group| RowGroup {
            colour: colour(group[0].series),
            label: rows.label(&group[0]).into(),
            rows: group.iter().map(table_row).collect(),
        })
        .collect();
    let wall = groups.iter().flat_map(|group| &group.rows).any(|r| r.wall);
    RowTable { groups, wall }
}

fn table_row(entry: &Entry) -> TableRow {
    let row = entry.row;
    let right = entry.is_right();
    let times = entry.times();
    let time = |value: Option<f64>, path| value.map(|value| entry.ms(value, path));
    // The rates and times below are shown only for a row with right outputs.
    let rate = |value: Option<f64>, path| {
        let value = value.filter(|_| right);
        value.map(|value| Num::rate(value, entry.at(path)))
    };
    let inner = |stats: &Option<Stats>, path| {
        let stats = stats.as_ref().filter(|_| right);
        stats.map(|stats| entry.ms(stats.median, path))
    };
    TableRow {
        model: row.work.model.clone(),
        batch: Num::count(row.work.batch_size, entry.at("work/batch_size")),
        input: Num::count(row.work.input_size, entry.at("work/input_size")),
        precision: row.work.precision.clone(),
        scenario: scenario(row.work.scenario),
        in_flight: row.in_flight,
        why: (!right).then(|| entry.why()),
        warnings: row.warnings.clone(),
        median: time(times.map(|t| t.median), "end_to_end/median"),
        mean: times.map(|t| {
            let at = entry.at("end_to_end/mean");
            Num::new(t.mean, spread(t.mean, t.stddev).0, at)
        }),
        stddev: times.map(|t| {
            let at = entry.at("end_to_end/stddev");
            Num::new(t.stddev, spread(t.mean, t.stddev).1, at)
        }),
        p90: time(times.map(|t| t.p90), "end_to_end/p90"),
        p99: time(times.map(|t| t.p99), "end_to_end/p99"),
        min: time(times.map(|t| t.min), "end_to_end/min"),
        samples: times.map(|t| Num::count(t.samples.len(), entry.at("end_to_end/samples/length"))),
        images: rate(row.images_per_second, "images_per_second"),
        gflops: rate(row.gflops, "gflops"),
        gpu: inner(&row.gpu, "gpu/median"),
        wall: right && row.gpu.is_some() && row.gpu_clock == Some(Clock::Wall),
        encode: inner(&row.encode, "encode/median"),
        roofline: (row.roofline.as_ref().filter(|_| right))
            .map(|roofline| Num::percent(roofline.percent, entry.at("roofline/percent"))),
        verified: verification_view(entry),
    }
}

fn verification_view(entry: &Entry) -> Option<VerificationView> {
    let v = entry.row.verification.as_ref()?;
    // The error shown is the worst. An output that is not a number counts as worse than any error.
    let checks = [("before", Some(&v.before)), ("after", v.after.as_ref())];
    let checks = checks.map(|(path, check)| check.map(|check| (path, check)));
    let mut errors = checks.iter().flatten();
    let worst = errors.try_fold(None, |worst: Option<(f64, &str)>, &(path, check)| {
        let error = check.relative_error?;
        Some(Some(
            worst.filter(|w| w.0 >= error).unwrap_or((error, path)),
        ))
    });
    let error = worst.flatten().map(|(error, path)| {
        let at = entry.at(&format!("verification/{path}/relative_error"));
        Num::tiny(error, at)
    });
    let top1 = checks.iter().flatten().map(|(path, check)| {
        let at = entry.at(&format!("verification/{path}/top1_equal"));
        Num::count(check.top1_equal, at)
    });
    Some(VerificationView {
        passed: v.passed,
        error,
        top1: top1.collect(),
        images: Num::count(v.images, entry.at("verification/images")),
        deterministic: v.deterministic,
    })
}
