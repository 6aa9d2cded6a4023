//! The memory of rows, by kind.

use serde::Serialize;

use crate::text::number::si;

use super::headline::colour;
use super::number::Num;
use super::rows::{Entry, Rows};

#[derive(Debug, Serialize)]
pub(super) struct MemoryRow {
    work: String,
    colour: String,
    /// The device's label, if several series exist.
    device: Option<String>,
    parameters: Num,
    activations: Num,
    weights: Num,
    other: Num,
    total: Num,
    process: Option<Num>,
}

pub(super) fn memory(rows: &Rows) -> Vec<MemoryRow> {
    let right = rows.entries.iter().filter(|entry| entry.is_right());
    right.filter_map(|entry| memory_row(rows, entry)).collect()
}

fn memory_row(rows: &Rows, entry: &Entry) -> Option<MemoryRow> {
    let m = entry.row.memory.as_ref()?;
    let bytes = |value, name: &str| Num::bytes(value, entry.at(&format!("memory/{name}")));
    let parameters = entry.row.work.parameters;
    Some(MemoryRow {
        work: rows.work(&entry.row.work),
        colour: colour(entry.series),
        device: (rows.series.len() > 1).then(|| rows.label(entry).into()),
        parameters: Num::new(
            parameters,
            si(parameters).trim_end().replace(' ', "\u{a0}"),
            entry.at("work/parameters"),
        ),
        activations: bytes(m.activation_bytes, "activation_bytes"),
        weights: bytes(m.weight_bytes, "weight_bytes"),
        other: bytes(m.other_bytes, "other_bytes"),
        total: bytes(m.device_bytes, "device_bytes"),
        process: (m.process_peak_bytes).map(|value| bytes(value, "process_peak_bytes")),
    })
}
