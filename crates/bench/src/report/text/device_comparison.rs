//! The table that compares devices.

use std::collections::BTreeMap;

use super::cells::{NONE, letter, verdict};
use super::devices::DeviceRows;
use super::works::Works;
use crate::text::document::Document;
use crate::text::number::{ms, rate};
use crate::text::table::{Alignment, Table};
use crate::{Report, Row, Work};

/// Adds a table with a row for each work and columns for each device. Adds nothing if only one
/// device exists.
pub fn devices(report: &Report, devices: &[DeviceRows<'_>], document: &mut Document) {
    if devices.len() < 2 {
        return;
    }
    let works = Works::of(report.rows.iter().map(|row| &row.work));
    let mut columns: Vec<(String, Alignment)> = (works.columns().into_iter())
        .map(|(name, align)| (name.to_owned(), align))
        .collect();
    document.heading("Devices side by side");
    for (i, device) in devices.iter().enumerate() {
        document.line(&format!("{}: {}", letter(i), device.name(report)));
        for name in ["ms", "img/s", "of best"] {
            columns.push((format!("{} {name}", letter(i)), Alignment::Right));
        }
    }
    let by_work: Vec<BTreeMap<&Work, &Row>> = (devices.iter())
        .map(|device| device.rows.iter().map(|row| (&row.work, *row)).collect())
        .collect();
    let mut order: Vec<&Work> = vec![];
    let mut known = BTreeMap::new();
    for row in &report.rows {
        if known.insert(&row.work, ()).is_none() {
            order.push(&row.work);
        }
    }
    let mut table = Table::new(&columns);
    for work in order {
        let rows: Vec<Option<&Row>> = by_work.iter().map(|d| d.get(work).copied()).collect();
        let rates = rows
            .iter()
            .flatten()
            .filter_map(|row| row.images_per_second);
        let best = rates.fold(0.0, f64::max);
        let mut cells = works.cells(work);
        cells.extend(rows.iter().flat_map(|row| speed_cells(*row, best)));
        table.row(cells);
    }
    document.table(table);
}

fn speed_cells(row: Option<&Row>, best: f64) -> [String; 3] {
    let none = || NONE.to_owned();
    let Some(row) = row else {
        return [none(), none(), none()];
    };
    match (&row.end_to_end, row.images_per_second) {
        (Some(stats), Some(n)) => {
            // The best rate is 0 only if all rates are 0. Then each rate counts as 100 % of the
            // best.
            let part = if best > 0.0 { n / best } else { 1.0 };
            let digits = if part < 0.1 { 2 } else { 1 };
            [
                ms(stats.median),
                rate(n),
                format!("{:.digits$} %", 100.0 * part),
            ]
        }
        _ => [verdict(row), none(), none()],
    }
}
