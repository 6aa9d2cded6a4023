//! The environment of results: the machine, its devices and their peaks.

use super::devices::DeviceRows;
use crate::text::document::Document;
use crate::text::number::{bytes, rate};
use crate::text::table::{Alignment, Table};
use crate::{Clock, Device, Peaks, Power, Report};

/// Adds the lines about the program's versions and the machine.
pub fn host(report: &Report, document: &mut Document) {
    let host = &report.host;
    document.line(&format!(
        "resnet {}, wgpu {}, {}",
        report.crate_version, report.wgpu_version, report.created
    ));
    document.line(&format!(
        "{} (kernel {}), {} ({} CPUs, {}){}",
        host.os,
        host.kernel,
        host.cpu,
        host.cpus,
        bytes(host.memory_bytes),
        match host.power {
            Power::Mains => ", on mains",
            Power::Battery => ", on battery",
            Power::Unknown => "",
        }
    ));
    document.line(&repetitions(report));
}

/// Returns a line such as `each row repeated for 5 s, at least 3 times (column n has the number)`.
fn repetitions(report: &Report) -> String {
    let r = &report.repetitions;
    if r.at_least == r.at_most {
        return format!("each row repeated {} times", r.at_least);
    }
    format!(
        "each row repeated for {} s, at least {} times (column n has the number)",
        r.seconds, r.at_least
    )
}

/// Adds the heading of a device with its driver, and the warnings about its figures.
pub fn device(report: &Report, rows: &DeviceRows<'_>, document: &mut Document) {
    let Some(device) = rows.index.and_then(|i| report.devices.get(i)) else {
        document.heading(&format!("{}: could not be opened", rows.asked));
        return;
    };
    document.heading(&describe(device));
    for warning in &device.warnings {
        document.line(&format!("warning: {warning}"));
    }
    let by = rows.kernels_by();
    if !by.is_empty() && by != "rules" {
        document.line(&format!("kernels chosen by {by}"));
    }
}

/// Returns the device in words, such as `NVIDIA H200, discrete (Vulkan, NVIDIA 570.86)`.
pub fn describe(device: &Device) -> String {
    format!(
        "{}, {} ({}, {})",
        device.name,
        device.kind,
        device.backend,
        format!("{} {}", device.driver, device.driver_info).trim()
    )
}

/// Adds the table of the device's peaks, if they were measured.
pub fn peaks(report: &Report, rows: &DeviceRows<'_>, document: &mut Document) {
    let device = rows.index.and_then(|i| report.devices.get(i));
    let Some(peaks) = device.and_then(|d| d.peaks.as_ref()) else {
        return;
    };
    document.table(peaks_table(peaks));
    for missing in &peaks.not_measured {
        document.line(&format!("not measured: {}: {}", missing.what, missing.why));
    }
    if peaks.clock == Clock::Wall {
        document.line("The peaks were timed by the host's clock, so they include the round trip.");
    }
}

fn peaks_table(peaks: &Peaks) -> Table {
    let mut table = Table::new(&[
        ("peak", Alignment::Left),
        ("", Alignment::Right),
        ("unit", Alignment::Left),
    ]);
    let mut row = |name: String, value: f64, unit: &str| {
        table.row(vec![name, rate(value), unit.into()]);
    };
    row(
        "fused multiply-add, f32".into(),
        peaks.fma_f32_gflops,
        "GFLOP/s",
    );
    if let Some(gflops) = peaks.fma_f16_gflops {
        row("fused multiply-add, f16".into(), gflops, "GFLOP/s");
    }
    for c in &peaks.cooperative_matrix {
        let [m, n, k] = c.shape;
        let name = format!(
            "cooperative matrix {m}×{n}×{k}, {} in {}",
            c.operands, c.accumulator
        );
        row(name, c.gflops, "GFLOP/s");
    }
    row(
        format!("memory, buffer of {}", bytes(peaks.memory_buffer_bytes)),
        peaks.memory_gbytes_per_second,
        "GB/s",
    );
    row(
        "host to device".into(),
        peaks.upload_gbytes_per_second,
        "GB/s",
    );
    row(
        "device to host".into(),
        peaks.readback_gbytes_per_second,
        "GB/s",
    );
    row("empty dispatch".into(), peaks.dispatch_us, "µs");
    row(
        "empty submission and wait".into(),
        peaks.round_trip_us,
        "µs",
    );
    table
}
