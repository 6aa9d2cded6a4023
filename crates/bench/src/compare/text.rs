//! Comparisons as text for human readers.

use super::{ComparedRow, Comparison, Measurement};
use crate::Status;
use crate::report::text::cells::{NONE, letter, or_none};
use crate::report::text::works::Works;
use crate::text::document::Document;
use crate::text::number::{ms_spread, rate};
use crate::text::table::{Alignment, Table};

impl Comparison {
    /// Returns the comparison for a terminal of 120 columns: first the differences between
    /// environments, then the rows of each device.
    pub fn table(&self) -> String {
        self.document().text()
    }

    /// Returns the content of [`table`](Self::table) as Markdown.
    pub fn markdown(&self) -> String {
        self.document().markdown()
    }

    /// Returns a row in words, such as `resnet50, batch 8`. The device precedes the work if
    /// several devices exist.
    pub(super) fn describe_row(&self, row: &ComparedRow) -> String {
        let works = Works::of(self.rows.iter().map(|row| &row.work));
        let work = works.describe(&row.work);
        match self.device_count() {
            1 => work,
            _ => format!("device {}, {work}", row.device + 1),
        }
    }

    fn device_count(&self) -> usize {
        self.files.first().map_or(0, |file| file.devices.len())
    }

    fn document(&self) -> Document {
        let mut document = Document::default();
        for (i, file) in self.files.iter().enumerate() {
            let devices = file.devices.join(", ");
            let name = &file.name;
            let created = &file.created;
            document.line(&format!("{}: {name} ({devices}; {created})", letter(i)));
        }
        self.add_environment(&mut document);
        let works = Works::of(self.rows.iter().map(|row| &row.work));
        for device in 0..self.device_count() {
            let names = self.files.iter().filter_map(|f| f.devices.get(device));
            let mut names: Vec<&str> = names.map(String::as_str).collect();
            names.dedup();
            document.heading(&names.join(" / "));
            let common = works.common();
            document.line(&format!("{common}; median ± standard deviation in ms"));
            let rows = || self.rows.iter().filter(|row| row.device == device);
            document.table(self.times_table(&works, rows()));
            for row in rows() {
                for (i, measure) in row.measures.iter().enumerate() {
                    let Some(why) = &measure.failure else {
                        continue;
                    };
                    let verdict = verdict(measure);
                    let work = works.describe(&row.work);
                    document.line(&format!("{verdict} in {}: {work}: {why}", letter(i)));
                }
            }
        }
        let mut measures = self.rows.iter().flat_map(|row| &row.measures);
        if measures.any(in_noise) {
            document.line("noise: median ± standard deviation of both overlap");
        }
        document
    }

    fn add_environment(&self, document: &mut Document) {
        let mut columns = vec![("differs".to_owned(), Alignment::Left)];
        columns.extend((0..self.files.len()).map(|i| (letter(i), Alignment::Left)));
        let mut table = Table::new(&columns);
        for difference in &self.environment {
            let mut cells = vec![difference.what.clone()];
            cells.extend(difference.values.iter().cloned());
            table.row(cells);
        }
        if self.environment.is_empty() {
            document.line("same versions, machine, device and driver")
        } else {
            document.table(table)
        }
    }

    fn times_table<'a>(&self, works: &Works, rows: impl Iterator<Item = &'a ComparedRow>) -> Table {
        let mut columns: Vec<(String, Alignment)> = (works.columns().into_iter())
            .map(|(name, align)| (name.to_owned(), align))
            .collect();
        for i in 0..self.files.len() {
            let of = letter(i);
            columns.push((format!("{of} ms"), Alignment::Right));
            columns.push((format!("{of} img/s"), Alignment::Right));
            if i > 0 {
                columns.push((format!("{of} : A"), Alignment::Left));
                columns.push(("GPU alone".into(), Alignment::Left));
            }
        }
        let mut table = Table::new(&columns);
        for row in rows {
            let mut cells = works.cells(&row.work);
            for (i, measure) in row.measures.iter().enumerate() {
                cells.push(time_cell(measure));
                cells.push(or_none(measure.images_per_second, rate));
                if i > 0 {
                    let noise = if in_noise(measure) { " (noise)" } else { "" };
                    cells.push(or_none(measure.time_ratio, |r| factor(r) + noise));
                    cells.push(or_none(measure.gpu_ratio, factor));
                }
            }
            table.row(cells);
        }
        table
    }
}

fn time_cell(measure: &Measurement) -> String {
    match (measure.median_ms, measure.stddev_ms) {
        (Some(median), Some(stddev)) => ms_spread(median, stddev),
        _ => verdict(measure).into(),
    }
}

fn verdict(measure: &Measurement) -> &'static str {
    match measure.status {
        Status::Ok => NONE,
        Status::FailedVerification => "FAILED",
        Status::Error => "ERROR",
    }
}

/// Returns whether a difference is shown that may be noise.
fn in_noise(measure: &Measurement) -> bool {
    let shown = measure.time_ratio.is_some_and(|r| factor(r) != EQUAL);
    shown && measure.within_noise == Some(true)
}

const EQUAL: &str = "the same";

/// Returns a ratio of times in words, such as `1.25× slower` or `2.00× faster`.
fn factor(ratio: f64) -> String {
    // A ratio that rounds to 1 is neither slower nor faster.
    match ratio {
        1.005.. => format!("{ratio:.2}× slower"),
        0.995.. => EQUAL.into(),
        _ => format!("{:.2}× faster", 1.0 / ratio),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_in_words() {
        for (ratio, words) in [
            (1.25, "1.25× slower"),
            (0.5, "2.00× faster"),
            (1.004, "the same"),
            (0.996, "the same"),
            (1.006, "1.01× slower"),
        ] {
            assert_eq!(factor(ratio), words);
        }
    }
}
