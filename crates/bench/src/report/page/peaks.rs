//! The table that compares the peaks of devices.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Peaks;

use super::number::{Num, bytes};
use super::rows::Rows;

#[derive(Debug, Serialize)]
pub(super) struct PeakTable {
    devices: Vec<DeviceColumn>,
    lines: Vec<Quantity>,
}

#[derive(Debug, Serialize)]
struct DeviceColumn {
    result: String,
    device: String,
    clock: &'static str,
    not_measured: Vec<(String, String)>,
}

/// One quantity, with its values for all devices.
#[derive(Debug, Serialize)]
struct Quantity {
    name: String,
    unit: &'static str,
    values: Vec<Option<Num>>,
}

pub(super) fn peaks(rows: &Rows) -> PeakTable {
    let mut devices = vec![];
    // The key is order and name, because devices differ in their cooperative matrices.
    let mut lines: BTreeMap<(usize, String), Quantity> = BTreeMap::new();
    for (report, (name, result)) in rows.reports.iter().enumerate() {
        for (device, found) in result.devices.iter().enumerate() {
            let Some(peaks) = &found.peaks else { continue };
            let at = |path: &str| format!("/{report}/report/devices/{device}/peaks/{path}");
            for (order, what, unit, value) in quantities(peaks, at) {
                let name = what.clone();
                let line = lines.entry((order, what)).or_insert(Quantity {
                    name,
                    unit,
                    values: vec![],
                });
                line.values.resize(devices.len(), None);
                line.values.push(Some(value));
            }
            let why = peaks.not_measured.iter();
            devices.push(DeviceColumn {
                result: name.clone(),
                device: found.name.clone(),
                clock: super::environment::clock(peaks.clock),
                not_measured: why.map(|n| (n.what.clone(), n.why.clone())).collect(),
            });
        }
    }
    let mut lines: Vec<Quantity> = lines.into_values().collect();
    for line in &mut lines {
        line.values.resize(devices.len(), None);
    }
    PeakTable { devices, lines }
}

/// Returns the order, name, unit and value of each quantity.
fn quantities(
    peaks: &Peaks,
    at: impl Fn(&str) -> String,
) -> Vec<(usize, String, &'static str, Num)> {
    let rate = |value: f64, path: &str| Num::rate(value, at(path));
    let mut found = vec![];
    let fma = rate(peaks.fma_f32_gflops, "fma_f32_gflops");
    found.push((0, "Fused multiply-adds, f32".into(), "GFLOP/s", fma));
    if let Some(fma) = peaks.fma_f16_gflops {
        let fma = rate(fma, "fma_f16_gflops");
        found.push((1, "Fused multiply-adds, f16".into(), "GFLOP/s", fma));
    }
    for (i, matrix) in peaks.cooperative_matrix.iter().enumerate() {
        let [m, n, k] = matrix.shape;
        let from = &matrix.operands;
        let to = &matrix.accumulator;
        let name = format!("Cooperative matrices {m}×{n}×{k}, {from} to {to}");
        let num = rate(matrix.gflops, &format!("cooperative_matrix/{i}/gflops"));
        found.push((2, name, "GFLOP/s", num));
    }
    let memory = peaks.memory_gbytes_per_second;
    let memory = rate(memory, "memory_gbytes_per_second");
    let buffer = format!("Memory, a buffer of {}", bytes(peaks.memory_buffer_bytes));
    found.push((3, buffer, "GB/s", memory));
    let upload = peaks.upload_gbytes_per_second;
    let upload = rate(upload, "upload_gbytes_per_second");
    found.push((4, "Host to device".into(), "GB/s", upload));
    let readback = peaks.readback_gbytes_per_second;
    let readback = rate(readback, "readback_gbytes_per_second");
    found.push((5, "Device to host".into(), "GB/s", readback));
    let dispatch = rate(peaks.dispatch_us, "dispatch_us");
    found.push((6, "Empty dispatch".into(), "µs", dispatch));
    let trip = rate(peaks.round_trip_us, "round_trip_us");
    found.push((7, "Empty submission and wait".into(), "µs", trip));
    found
}
