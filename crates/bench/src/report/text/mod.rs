//! Results as people and spreadsheets read them.

mod across;
pub(crate) mod cells;
mod cost;
mod csv;
pub(crate) mod devices;
mod heading;
mod speed;
#[cfg(test)]
mod tests;
pub(crate) mod works;

use crate::Report;
use crate::text::document::Document;

pub use self::csv::csv;
use devices::devices;

/// For a terminal of 132 columns: for each device its rows, start-up, memory
/// and peaks, then devices side by side.
pub fn table(report: &Report) -> String {
    document(report).text()
}

/// The same as Markdown.
pub fn markdown(report: &Report) -> String {
    document(report).markdown()
}

fn document(report: &Report) -> Document {
    let mut document = Document::default();
    heading::host(report, &mut document);
    let devices = devices(report);
    for device in &devices {
        heading::device(report, device, &mut document);
        speed::rows(&device.rows, &mut document);
        cost::startup(&device.rows, &mut document);
        cost::memory(&device.rows, &mut document);
        heading::peaks(report, device, &mut document);
    }
    across::devices(report, &devices, &mut document);
    document
}
