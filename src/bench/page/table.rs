//! The table of all rows.

use serde::Serialize;

use super::headline::colour;
use super::number::{Num, bytes, scientific, significant};
use super::rows::{Entry, Rows, scenario};

/// Rows that follow each other on one device.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    colour: String,
    label: String,
    rows: Vec<TableRow>,
}

#[derive(Debug, Serialize)]
struct TableRow {
    model: String,
    parameters: Num,
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
    images: Option<Num>,
    gflops: Option<Num>,
    gpu: Option<Num>,
    gpu_clock: Option<&'static str>,
    encode: Option<Num>,
    roofline: Option<Num>,
    memory: Option<Num>,
    memory_parts: Option<String>,
    process: Option<Num>,
    verified: Option<Verified>,
}

#[derive(Debug, Serialize)]
struct Verified {
    passed: bool,
    error: Option<Num>,
    /// Before the timed loop, and after it if there was one.
    top1: Vec<Num>,
    images: Num,
    deterministic: Option<bool>,
}

pub(super) fn table(rows: &Rows) -> Vec<Group> {
    let groups = rows.entries.chunk_by(|a, b| a.series == b.series);
    groups
        .map(|group| Group {
            colour: colour(group[0].series),
            label: rows.label(&group[0]).into(),
            rows: group.iter().map(table_row).collect(),
        })
        .collect()
}

fn table_row(entry: &Entry) -> TableRow {
    let row = entry.row;
    let right = entry.is_right();
    let times = entry.times();
    let time = |value: Option<f64>, path| value.map(|value| entry.num(value, path));
    // What follows the times is shown for a right row only.
    let speed = |value: Option<f64>, path| {
        let value = value.filter(|_| right);
        value.map(|value| entry.num(value, path))
    };
    let memory = row.memory.as_ref().filter(|_| right);
    TableRow {
        model: row.work.model.clone(),
        parameters: Num::new(
            row.work.parameters,
            format!(
                "{} M parameters",
                significant(row.work.parameters as f64 / 1e6, 3)
            ),
            entry.at("work/parameters"),
        ),
        batch: Num::count(row.work.batch_size, entry.at("work/batch_size")),
        input: Num::count(row.work.input_size, entry.at("work/input_size")),
        precision: row.work.precision.clone(),
        scenario: scenario(row.work.scenario),
        in_flight: row.in_flight,
        why: (!right).then(|| entry.why()),
        warnings: row.warnings.clone(),
        median: time(times.map(|t| t.median), "end_to_end/median"),
        mean: time(times.map(|t| t.mean), "end_to_end/mean"),
        stddev: times.map(|t| {
            let at = entry.at("end_to_end/stddev");
            Num::new(t.stddev, significant(t.stddev, 2), at)
        }),
        p90: time(times.map(|t| t.p90), "end_to_end/p90"),
        p99: time(times.map(|t| t.p99), "end_to_end/p99"),
        min: time(times.map(|t| t.min), "end_to_end/min"),
        images: speed(row.images_per_second, "images_per_second"),
        gflops: speed(row.gflops, "gflops"),
        gpu: speed(row.gpu.as_ref().map(|gpu| gpu.median), "gpu/median"),
        gpu_clock: row.gpu_clock.map(super::environment::clock),
        encode: speed(row.encode.as_ref().map(|e| e.median), "encode/median"),
        roofline: row.roofline.as_ref().filter(|_| right).map(|roofline| {
            let text = format!("{} %", significant(roofline.percent, 3));
            Num::new(roofline.percent, text, entry.at("roofline/percent"))
        }),
        memory: memory.map(|m| Num::bytes(m.device_bytes, entry.at("memory/device_bytes"))),
        memory_parts: memory.map(|m| {
            format!(
                "activations {}, weights {}, parameters and readback {}",
                bytes(m.activation_bytes),
                bytes(m.weight_bytes),
                bytes(m.other_bytes)
            )
        }),
        process: (memory.and_then(|m| m.process_peak_bytes))
            .map(|bytes| Num::bytes(bytes, entry.at("memory/process_peak_bytes"))),
        verified: verified(entry),
    }
}

fn verified(entry: &Entry) -> Option<Verified> {
    let v = entry.row.verification.as_ref()?;
    // The worst; one that is not a number is worse than any.
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
        Num::new(error, scientific(error), at)
    });
    let top1 = checks.iter().flatten().map(|(path, check)| {
        let at = entry.at(&format!("verification/{path}/top1_equal"));
        Num::count(check.top1_equal, at)
    });
    Some(Verified {
        passed: v.passed,
        error,
        top1: top1.collect(),
        images: Num::count(v.images, entry.at("verification/images")),
        deterministic: v.deterministic,
    })
}
