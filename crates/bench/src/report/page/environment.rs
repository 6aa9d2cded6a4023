//! The environment of results: versions, machine and devices.

use serde::Serialize;

use crate::{Clock, Device, Host, Power, Repetitions, Report};

use super::number::Num;
use super::rows::Rows;

#[derive(Debug, Serialize)]
pub(super) struct EnvironmentView {
    name: String,
    /// The path that was given, if the name is only a part of it.
    path: Option<String>,
    created: String,
    command: String,
    crate_version: String,
    wgpu_version: String,
    schema_version: u32,
    repetitions: RepetitionsView,
    os: String,
    kernel: String,
    cpu: String,
    cpus: Num,
    memory: Num,
    power: &'static str,
    devices: Vec<DeviceView>,
}

/// The repetitions of each row.
#[derive(Debug, Serialize)]
struct RepetitionsView {
    /// The duration, or `None` if a fixed number of repetitions was requested.
    seconds: Option<Num>,
    at_least: Num,
    at_most: Num,
}

#[derive(Debug, Serialize)]
struct DeviceView {
    name: String,
    vendor: String,
    numbers: String,
    driver: String,
    backend: String,
    kind: String,
    subgroups: String,
    features: Vec<String>,
    warnings: Vec<String>,
    limits: Vec<(&'static str, Num)>,
}

pub(super) fn environment(rows: &Rows, paths: &[&str]) -> Vec<EnvironmentView> {
    let reports = rows.reports.iter().zip(paths).enumerate();
    reports
        .map(|(i, ((name, report), path))| environment_view(i, name, path, report))
        .collect()
}

fn environment_view(index: usize, name: &str, path: &str, report: &Report) -> EnvironmentView {
    let Host {
        os,
        kernel,
        cpu,
        cpus,
        memory_bytes,
        power,
    } = &report.host;
    let at = |path: &str| format!("/{index}/report/{path}");
    let devices = report.devices.iter().enumerate();
    EnvironmentView {
        name: name.into(),
        path: (path != name).then(|| path.into()),
        created: report.created.clone(),
        command: report.command.clone(),
        crate_version: report.crate_version.clone(),
        wgpu_version: report.wgpu_version.clone(),
        schema_version: report.schema_version,
        repetitions: repetitions_view(&report.repetitions, &at("repetitions")),
        os: os.clone(),
        kernel: kernel.clone(),
        cpu: cpu.clone(),
        cpus: Num::count(*cpus, at("host/cpus")),
        memory: Num::bytes(*memory_bytes, at("host/memory_bytes")),
        power: match power {
            Power::Mains => "mains",
            Power::Battery => "battery",
            Power::Unknown => "no battery, or unknown",
        },
        devices: devices
            .map(|(i, device)| device_view(device, &at(&format!("devices/{i}"))))
            .collect(),
    }
}

fn repetitions_view(repetitions: &Repetitions, at: &str) -> RepetitionsView {
    let Repetitions {
        seconds,
        at_least,
        at_most,
    } = *repetitions;
    let text = match seconds.abs() {
        1e9.. => format!("{seconds:.1e}"),
        _ => seconds.to_string(),
    };
    RepetitionsView {
        seconds: (at_least != at_most).then(|| Num::new(seconds, text, format!("{at}/seconds"))),
        at_least: Num::count(at_least, format!("{at}/at_least")),
        at_most: Num::count(at_most, format!("{at}/at_most")),
    }
}

fn device_view(device: &Device, at: &str) -> DeviceView {
    let limits = &device.limits;
    let at = |name: &str| format!("{at}/limits/{name}");
    let size = |name, value: u64| (name, Num::bytes(value, at(name)));
    let count = |name, value: u32| (name, Num::count(value as usize, at(name)));
    let [least, most] = device.subgroup_sizes;
    DeviceView {
        name: device.name.clone(),
        vendor: device.vendor.clone(),
        numbers: format!("{:04x}:{:04x}", device.vendor_id, device.device_id),
        driver: [&*device.driver, &*device.driver_info]
            .join(" ")
            .trim()
            .into(),
        backend: device.backend.clone(),
        kind: device.kind.clone(),
        subgroups: match (least, most) {
            (0, 0) => "unknown".into(),
            (least, most) if least == most => format!("{least} lanes"),
            (least, most) => format!("{least} to {most} lanes"),
        },
        features: device.features.clone(),
        warnings: device.warnings.clone(),
        limits: vec![
            size("max_buffer_size", limits.max_buffer_size),
            size(
                "max_storage_buffer_binding_size",
                limits.max_storage_buffer_binding_size,
            ),
            count(
                "max_storage_buffers_per_shader_stage",
                limits.max_storage_buffers_per_shader_stage,
            ),
            size(
                "max_compute_workgroup_storage_size",
                limits.max_compute_workgroup_storage_size.into(),
            ),
            count(
                "max_compute_invocations_per_workgroup",
                limits.max_compute_invocations_per_workgroup,
            ),
            count(
                "max_compute_workgroups_per_dimension",
                limits.max_compute_workgroups_per_dimension,
            ),
        ],
    }
}

/// Returns the clock that timed the GPU, in words.
pub(super) fn clock(clock: Clock) -> &'static str {
    match clock {
        Clock::Timestamps => "GPU timestamps",
        Clock::Wall => "the host's clock",
    }
}
