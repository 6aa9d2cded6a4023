//! `resnet devices`: the available adapters and their capabilities.

use std::fmt::Write;

use clap::Args;
use resnet_wgpu::low_level::gpu::kind_name;
use resnet_wgpu::{AdapterSummary, adapters};
use resnet_wgpu_bench::Limits;
use serde::Serialize;

use crate::device::REMEDY;
use crate::failure::Failure;
use crate::term;
use resnet_wgpu_bench::text::number::bytes;

/// List devices, their capabilities, and the one that `auto` selects
#[derive(Debug, Args)]
pub struct DevicesArgs {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Features that kernels use or may use in future.
const FEATURES: [wgpu::Features; 4] = [
    wgpu::Features::SUBGROUP,
    wgpu::Features::SHADER_F16,
    wgpu::Features::TIMESTAMP_QUERY,
    wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX,
];

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct DevicesReport {
    /// The device that `--device auto` selects: an index, or `cpu`.
    auto: String,
    devices: Vec<DeviceEntry>,
}

#[derive(Debug, Serialize)]
struct DeviceEntry {
    index: usize,
    name: String,
    backend: String,
    kind: &'static str,
    driver: String,
    driver_info: String,
    vendor: u32,
    device: u32,
    subgroup_min_size: u32,
    subgroup_max_size: u32,
    features: Vec<String>,
    limits: Limits,
    #[serde(skip)]
    line: String,
}

/// Runs the command.
pub fn command(args: &DevicesArgs) -> Result<(), Failure> {
    let devices: Vec<DeviceEntry> = adapters().into_iter().map(device).collect();
    let auto = devices
        .first()
        .map_or_else(|| "cpu".into(), |d| d.index.to_string());
    let report = DevicesReport { auto, devices };
    if args.json {
        term::print_json_pretty(&report)
    } else {
        term::print(&text(&report))
    }
}

fn device(adapter: AdapterSummary) -> DeviceEntry {
    let line = adapter.describe();
    let AdapterSummary {
        index,
        info,
        limits,
        features,
    } = adapter;
    let offered = FEATURES.iter().filter(|f| features.contains(**f));
    DeviceEntry {
        index,
        backend: info.backend.to_string(),
        kind: kind_name(&info),
        name: info.name,
        driver: info.driver,
        driver_info: info.driver_info,
        vendor: info.vendor,
        device: info.device,
        subgroup_min_size: info.subgroup_min_size,
        subgroup_max_size: info.subgroup_max_size,
        features: offered
            .flat_map(|f| f.iter_names())
            .map(|(name, _)| name.into())
            .collect(),
        limits: Limits::of(&limits),
        line,
    }
}

fn text(report: &DevicesReport) -> String {
    let mut text = String::new();
    if report.devices.is_empty() {
        text.push_str(&format!("no GPU driver found; {REMEDY}\n\n"));
    }
    for d in &report.devices {
        let auto = if d.index.to_string() == report.auto {
            "  (selected by `auto`)"
        } else {
            ""
        };
        let subgroups = match (d.subgroup_min_size, d.subgroup_max_size) {
            (min, max) if min == max => format!("{min}"),
            (min, max) => format!("{min} to {max}"),
        };
        let features = if d.features.is_empty() {
            "none that kernels use".to_owned()
        } else {
            d.features.join(", ")
        };
        let l = &d.limits;
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{}: {}{auto}\n   driver     {} {} (vendor {:#06x}, device {:#06x})\n   \
             subgroups  {subgroups}\n   features   {features}\n   \
             limits     binding {}, buffer {}, workgroup memory {}, {} invocations per workgroup\n\n",
            d.index,
            d.line,
            d.driver,
            d.driver_info,
            d.vendor,
            d.device,
            bytes(l.max_storage_buffer_binding_size),
            bytes(l.max_buffer_size),
            bytes(l.max_compute_workgroup_storage_size.into()),
            l.max_compute_invocations_per_workgroup,
        );
    }
    let auto = if report.devices.is_empty() {
        "  (selected by `auto`)"
    } else {
        ""
    };
    let _ = writeln!(
        text,
        "cpu: the CPU reference, plain and exact, without a GPU{auto}"
    );
    text
}
