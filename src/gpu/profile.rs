//! Derives the properties of a device that planning uses.

use crate::kernels::{Scalar, Storage};
use crate::plan::{DeviceClass, DeviceProfile, Vendor};

/// Derives a [`DeviceProfile`] from the limits, features and adapter information of a device.
pub(super) fn profile(
    limits: &wgpu::Limits,
    features: wgpu::Features,
    info: &wgpu::AdapterInfo,
) -> DeviceProfile {
    // Kernels for one subgroup size run only if the device's subgroup size cannot vary.
    let fixed = info.subgroup_min_size == info.subgroup_max_size;
    let subgroup = if features.contains(wgpu::Features::SUBGROUP) && fixed {
        info.subgroup_min_size
    } else {
        0
    };
    // Only llvmpipe reads buffers far more slowly than textures, and it does so with every API.
    let storage = if info.name.starts_with("llvmpipe") {
        Storage::Textures
    } else {
        Storage::Buffers
    };
    let reported = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => DeviceClass::Discrete,
        wgpu::DeviceType::IntegratedGpu => DeviceClass::Integrated,
        wgpu::DeviceType::Cpu => DeviceClass::Software,
        wgpu::DeviceType::VirtualGpu | wgpu::DeviceType::Other => DeviceClass::Other,
    };
    let vendor = Vendor::of(info.vendor, &info.name);
    DeviceProfile {
        class: DeviceClass::of(reported, vendor, &info.name),
        vendor,
        subgroup,
        f16: features.contains(wgpu::Features::SHADER_F16),
        storage,
        max_binding: limits
            .max_storage_buffer_binding_size
            .min(limits.max_buffer_size)
            .min(match storage {
                Storage::Buffers => u64::MAX,
                // Rows of f16 have fewer bytes than rows of f32, so a value of this many bytes fits
                // a texture of either type.
                Storage::Textures => {
                    let row = storage.memory_kind(Scalar::F16).row_bytes();
                    row * u64::from(limits.max_texture_dimension_2d)
                }
            }),
        max_buffer: limits.max_buffer_size,
        max_workgroups: limits.max_compute_workgroups_per_dimension,
        workgroup_bytes: limits.max_compute_workgroup_storage_size,
        invocations: limits
            .max_compute_invocations_per_workgroup
            .min(limits.max_compute_workgroup_size_x),
        storage_buffers: limits.max_storage_buffers_per_shader_stage,
        cooperative: vec![],
    }
}
