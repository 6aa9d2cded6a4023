//! The environment of a measurement: the device and the version of this crate.

use super::result::{Device, Limits};
use resnet_wgpu::Gpu;
use resnet_wgpu::low_level::gpu::{backend_name, kind_name};

/// The version of this crate.
pub const CRATE_VERSION: &str = env!("CARGO_PKG_VERSION");

impl Limits {
    /// Copies the limits that plans depend on from wgpu's limits.
    pub fn of(limits: &wgpu::Limits) -> Self {
        Self {
            max_buffer_size: limits.max_buffer_size,
            max_storage_buffer_binding_size: limits.max_storage_buffer_binding_size,
            max_storage_buffers_per_shader_stage: limits.max_storage_buffers_per_shader_stage,
            max_compute_workgroup_storage_size: limits.max_compute_workgroup_storage_size,
            max_compute_invocations_per_workgroup: limits.max_compute_invocations_per_workgroup,
            max_compute_workgroups_per_dimension: limits.max_compute_workgroups_per_dimension,
        }
    }
}

impl Device {
    /// Describes an open device.
    pub fn of(gpu: &Gpu) -> Self {
        let info = gpu.info();
        Self {
            name: info.name.clone(),
            vendor: vendor(info.vendor),
            vendor_id: info.vendor,
            device_id: info.device,
            driver: info.driver.clone(),
            driver_info: info.driver_info.clone(),
            backend: backend_name(info).into(),
            kind: kind_name(info).into(),
            subgroup_sizes: [info.subgroup_min_size, info.subgroup_max_size],
            limits: Limits::of(&gpu.device().limits()),
            features: (gpu.device().features().iter_names())
                .map(|(name, _)| name.to_owned())
                .collect(),
            warnings: warnings(info),
            peaks: None,
        }
    }
}

fn warnings(info: &wgpu::AdapterInfo) -> Vec<String> {
    let mut warnings = vec![];
    if info.device_type == wgpu::DeviceType::Cpu {
        warnings.push(
            "a software adapter: the processor computes, so other programs slow it down".into(),
        );
    }
    if cfg!(debug_assertions) {
        warnings
            .push("a debug build of resnet-wgpu: host times are longer than in a release".into());
    }
    warnings
}

/// Returns a vendor's name for its PCI or Khronos number.
fn vendor(id: u32) -> String {
    let name = match id {
        0x1002 | 0x1022 => "AMD",
        0x1010 => "Imagination",
        0x106b => "Apple",
        0x10de => "NVIDIA",
        0x13b5 => "Arm",
        0x1414 => "Microsoft",
        0x14e4 => "Broadcom",
        0x1af4 => "Red Hat (virtio)",
        0x5143 | 0x4d4f_4351 => "Qualcomm",
        0x8086 => "Intel",
        0x1_0003 => "Mesa's V3D",
        0x1_0005 => "Mesa",
        0x1_0006 => "POCL",
        0 => "unknown",
        other => return format!("{other:#06x}"),
    };
    name.into()
}
