//! Rows by device.

use crate::{Report, Row};

/// What was asked for as a device, and the rows of it.
#[derive(Debug, Clone)]
pub(crate) struct DeviceRows<'a> {
    /// Its index in the report; none where it could not be opened.
    pub index: Option<usize>,
    /// As it was asked for.
    pub asked: &'a str,
    /// In the report's order.
    pub rows: Vec<&'a Row>,
}

impl DeviceRows<'_> {
    /// Its name and backend, or what it was asked for as.
    pub fn name(&self, report: &Report) -> String {
        let device = self.index.and_then(|i| report.devices.get(i));
        device.map_or_else(
            || self.asked.to_owned(),
            |d| format!("{} ({})", d.name, d.backend),
        )
    }

    /// How the kernels of its rows were chosen, each way once.
    pub fn kernels_by(&self) -> String {
        let by = self.rows.iter().filter_map(|row| row.kernels_by.as_deref());
        let mut ways: Vec<&str> = by.collect();
        ways.sort_unstable();
        ways.dedup();
        ways.join(", ")
    }
}

/// Rows by device, in the order in which devices come up.
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
