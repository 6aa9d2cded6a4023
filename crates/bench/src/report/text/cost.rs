//! The tables of start-up times and memory.

use super::cells::or_none;
use super::works::Works;
use crate::Row;
use crate::text::document::Document;
use crate::text::number::{bytes, ms};
use crate::text::table::{Alignment, Table};

/// Adds the table of the start-up phases, up to the first logits. Adds nothing if no row has
/// start-up times.
pub fn startup(rows: &[&Row], document: &mut Document) {
    let works = Works::of(rows.iter().map(|row| &row.work));
    let mut columns = works.columns();
    columns.push(("start, ms", Alignment::Left));
    columns.extend(
        [
            "device",
            "load",
            "plan",
            "pipelines",
            "upload",
            "first inference",
            "total",
        ]
        .map(|name| (name, Alignment::Right)),
    );
    let mut table = Table::new(&columns);
    for row in rows {
        for (name, startup) in [("cold", &row.startup.cold), ("warm", &row.startup.warm)] {
            let Some(s) = startup else { continue };
            let mut cells = works.cells(&row.work);
            cells.push(name.into());
            cells.extend(
                [
                    s.device_ms,
                    s.load_ms,
                    s.plan_ms,
                    s.pipelines_ms,
                    s.upload_ms,
                    s.first_inference_ms,
                    s.total_ms,
                ]
                .map(ms),
            );
            table.row(cells);
        }
    }
    document.table(table);
}

/// Adds the table of the plan's device memory and the process's peak memory. Adds nothing if no row
/// has memory figures.
pub fn memory(rows: &[&Row], document: &mut Document) {
    let works = Works::of(rows.iter().map(|row| &row.work));
    let mut columns = works.columns();
    columns.extend(
        [
            "activations",
            "weights",
            "other",
            "device memory",
            "process peak",
        ]
        .map(|name| (name, Alignment::Right)),
    );
    let mut table = Table::new(&columns);
    for row in rows {
        let Some(m) = &row.memory else { continue };
        let mut cells = works.cells(&row.work);
        cells.extend(
            [
                m.activation_bytes,
                m.weight_bytes,
                m.other_bytes,
                m.device_bytes,
            ]
            .map(bytes),
        );
        cells.push(or_none(m.process_peak_bytes, bytes));
        table.row(cells);
    }
    document.table(table);
}
