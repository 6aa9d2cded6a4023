//! Results as text for human readers, and as CSV for spreadsheets.

pub(crate) mod cells;
mod cost;
mod csv;
mod device_comparison;
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

/// Returns the report for a terminal of 132 columns. Each device has tables of its rows, start-up
/// times, memory and peaks. A table that compares the devices follows.
pub fn table(report: &Report) -> String {
    document(report).text()
}

/// Returns the content of [`table`] as Markdown.
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
    device_comparison::devices(report, &devices, &mut document);
    document
}
