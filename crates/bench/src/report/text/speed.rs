//! The table of times and rates.

use super::cells::{NONE, failure, or_none, verdict};
use super::works::Works;
use crate::text::document::Document;
use crate::text::number::{ms, ms_spread, rate};
use crate::text::table::{Alignment, Table};
use crate::{Clock, Row, Stats};

/// Adds the table of these rows' times. Below the table, lines give the reasons why rows have no
/// times.
pub fn rows(rows: &[&Row], document: &mut Document) {
    let works = Works::of(rows.iter().map(|row| &row.work));
    document.line(&format!("{}; times in ms", works.common()));
    let roofline = rows.iter().any(|row| row.roofline.is_some());
    let wall = rows.iter().any(|row| row.gpu_clock == Some(Clock::Wall));

    let mut columns = works.columns();
    columns.extend([
        ("median", Alignment::Right),
        ("mean ± sd", Alignment::Right),
        ("p90", Alignment::Right),
        ("p99", Alignment::Right),
        ("min", Alignment::Right),
        ("n", Alignment::Right),
        ("img/s", Alignment::Right),
        ("GFLOP/s", Alignment::Right),
        (if wall { "GPU*" } else { "GPU" }, Alignment::Right),
        ("encode", Alignment::Right),
    ]);
    if roofline {
        columns.push(("roof", Alignment::Right));
    }
    columns.push(("verified", Alignment::Left));
    let mut table = Table::new(&columns);
    for row in rows {
        let mut cells = works.cells(&row.work);
        cells.extend(time_cells(row.end_to_end.as_ref()));
        cells.push(or_none(row.images_per_second, rate));
        cells.push(or_none(row.gflops, rate));
        cells.push(or_none(row.gpu.as_ref(), |s| ms(s.median)));
        cells.push(or_none(row.encode.as_ref(), |s| ms(s.median)));
        if roofline {
            let percent = row.roofline.as_ref().map(|r| r.percent);
            cells.push(or_none(percent, |p| format!("{p:.0} %")));
        }
        cells.push(verdict(row));
        table.row(cells);
    }
    document.table(table);
    if wall {
        document.line("* by the host's clock: includes the round trip");
    }
    for (warning, affected) in warnings(rows) {
        let which = if affected.len() == rows.len() {
            "every row".to_owned()
        } else {
            (affected.iter().map(|row| works.describe(&row.work)))
                .collect::<Vec<_>>()
                .join("; ")
        };
        document.line(&format!("warning: {which}: {warning}"));
    }
    for row in rows {
        if let Some(why) = failure(row) {
            let verdict = verdict(row);
            let work = works.describe(&row.work);
            document.line(&format!("{verdict}: {work}: {why}"));
        }
    }
}

/// Returns each distinct warning with the rows that have this warning.
fn warnings<'a>(rows: &[&'a Row]) -> Vec<(&'a str, Vec<&'a Row>)> {
    let mut warnings: Vec<(&str, Vec<&Row>)> = vec![];
    for &row in rows {
        for warning in &row.warnings {
            match warnings.iter_mut().find(|(known, _)| known == warning) {
                Some((_, affected)) => affected.push(row),
                None => warnings.push((warning, vec![row])),
            }
        }
    }
    warnings
}

fn time_cells(stats: Option<&Stats>) -> [String; 6] {
    let Some(s) = stats else {
        return [NONE; 6].map(str::to_owned);
    };
    [
        ms(s.median),
        ms_spread(s.mean, s.stddev),
        ms(s.p90),
        ms(s.p99),
        ms(s.min),
        s.samples.len().to_string(),
    ]
}
