//! Differences between the environments of results.

use serde::Serialize;

use crate::report::text::devices::DeviceRows;
use crate::text::number::bytes;
use crate::{Device, Host, Power, Report};

/// A property that is not equal in all results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvironmentDifference {
    /// The name of the property.
    pub what: String,
    /// The property's value in each file.
    pub values: Vec<String>,
}

/// The name and the value of a property.
type Property<T> = (&'static str, fn(&T) -> String);

const PROGRAM: [Property<Report>; 2] = [
    ("resnet", |r| r.crate_version.clone()),
    ("wgpu", |r| r.wgpu_version.clone()),
];

const HOST: [Property<Host>; 6] = [
    ("system", |h| h.os.clone()),
    ("kernel", |h| h.kernel.clone()),
    ("CPU", |h| h.cpu.clone()),
    ("CPUs", |h| h.cpus.to_string()),
    ("memory", |h| bytes(h.memory_bytes)),
    ("power", |h| match h.power {
        Power::Mains => "mains".into(),
        Power::Battery => "battery".into(),
        Power::Unknown => "unknown".into(),
    }),
];

const DEVICE: [Property<Device>; 9] = [
    ("device", |d| d.name.clone()),
    ("PCI numbers", |d| {
        format!("{:#06x}, {:#06x}", d.vendor_id, d.device_id)
    }),
    ("driver", |d| d.driver.clone()),
    ("driver version", |d| d.driver_info.clone()),
    ("backend", |d| d.backend.clone()),
    ("kind", |d| d.kind.clone()),
    ("subgroups", |d| {
        format!("{} to {}", d.subgroup_sizes[0], d.subgroup_sizes[1])
    }),
    ("features", |d| d.features.join(", ")),
    ("warnings", |d| d.warnings.join(", ")),
];

/// Returns the differences between these results and their devices. All results must have equal
/// numbers of devices.
pub(super) fn differences(
    reports: &[(String, &Report)],
    devices: &[Vec<DeviceRows<'_>>],
) -> Vec<EnvironmentDifference> {
    let mut found = vec![];
    let all = || reports.iter().map(|(_, report)| *report);
    for (what, value) in PROGRAM {
        found.push((what.to_owned(), all().map(value).collect()));
    }
    for (what, value) in HOST {
        found.push((what.to_owned(), all().map(|r| value(&r.host)).collect()));
    }
    let count = devices.first().map_or(0, Vec::len);
    for i in 0..count {
        let of_device = |value: fn(&Device) -> String| {
            let each = all().zip(devices).map(move |(report, devices)| {
                let index = devices.get(i).and_then(|d| d.index);
                let device = index.and_then(|index| report.devices.get(index));
                device.map_or_else(|| "not opened".into(), value)
            });
            each.collect::<Vec<String>>()
        };
        for (what, value) in DEVICE {
            let what = match count {
                1 => what.to_owned(),
                _ => format!("{what} {}", i + 1),
            };
            found.push((what, of_device(value)));
        }
        let by = devices.iter().filter_map(|devices| devices.get(i));
        let what = match count {
            1 => "kernels chosen by".to_owned(),
            _ => format!("kernels chosen by {}", i + 1),
        };
        found.push((what, by.map(DeviceRows::kernels_by).collect()));
    }
    let differs = |values: &[String]| values.windows(2).any(|pair| pair[0] != pair[1]);
    (found.into_iter())
        .filter(|(_, values): &(String, Vec<String>)| differs(values))
        .map(|(what, values)| EnvironmentDifference { what, values })
        .collect()
}
