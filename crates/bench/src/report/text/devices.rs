//! Rows grouped by device.

use crate::{Report, Row};

/// A device as it was requested, and its rows.
#[derive(Debug, Clone)]
pub(crate) struct DeviceRows<'a> {
    /// The device's index in the report, or `None` if the device could not be opened.
    pub index: Option<usize>,
    /// The text by which the device was requested.
    pub asked: &'a str,
    /// The device's rows, in the order of the report.
    pub rows: Vec<&'a Row>,
}

impl DeviceRows<'_> {
    /// Returns the device's name and backend, or the requested text if the device could not be
    /// opened.
    pub fn name(&self, report: &Report) -> String {
        let device = self.index.and_then(|i| report.devices.get(i));
        device.map_or_else(
            || self.asked.to_owned(),
            |d| format!("{} ({})", d.name, d.backend),
        )
    }

    /// Returns the ways in which the kernels of these rows were chosen, without duplicates.
    pub fn kernels_by(&self) -> String {
        let by = self.rows.iter().filter_map(|row| row.kernels_by.as_deref());
        let mut choices: Vec<&str> = by.collect();
        choices.sort_unstable();
        choices.dedup();
        choices.join(", ")
    }
}

/// Groups the rows by device, in the order in which devices first appear.
pub(crate) fn devices(report: &Report) -> Vec<DeviceRows<'_>> {
    let mut devices: Vec<DeviceRows<'_>> = vec![];
    for row in &report.rows {
        let asked = row.device_asked.as_str();
        let same = |d: &&mut DeviceRows<'_>| match row.device {
            Some(_) => d.index == row.device,
            None => d.index.is_none() && d.asked == asked,
        };
        match devices.iter_mut().find(same) {
            Some(device) => device.rows.push(row),
            None => devices.push(DeviceRows {
                index: row.device,
                asked,
                rows: vec![row],
            }),
        }
    }
    devices
}
