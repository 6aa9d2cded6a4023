//! The environment of a benchmark as JSON stores it: the machine, its devices, and the devices'
//! peak rates.

use serde::{Deserialize, Serialize};

use crate::check::{above_zero, not_negative};
use resnet_wgpu::low_level::gpu::Clock;

#[cfg(test)]
use crate::schema_tests::Clocks;

/// The machine besides its GPU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Host {
    /// Operating system and its version.
    pub os: String,
    /// Version of its kernel.
    pub kernel: String,
    /// The processor's name.
    pub cpu: String,
    /// Logical processors.
    pub cpus: usize,
    /// Main memory, bytes.
    pub memory_bytes: u64,
    /// What feeds it.
    pub power: Power,
}

/// What feeds a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// The mains, or a battery that is full or charging.
    Mains,
    /// A battery: clocks may be held down.
    Battery,
    /// It has no battery, or does not say.
    Unknown,
}

/// An adapter as rows were measured on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Device {
    /// The adapter's name.
    pub name: String,
    /// The vendor's name, or its PCI number where it is not known by name.
    pub vendor: String,
    /// PCI number of the vendor.
    pub vendor_id: u32,
    /// PCI number of the device.
    pub device_id: u32,
    /// The driver.
    pub driver: String,
    /// The driver's version, as it gives it.
    pub driver_info: String,
    /// Vulkan, Metal, Direct3D 12 or OpenGL.
    pub backend: String,
    /// discrete, integrated, virtual, software or other.
    pub kind: String,
    /// Lanes of its subgroups: least and most.
    pub subgroup_sizes: [u32; 2],
    /// The limits that plans depend on.
    pub limits: Limits,
    /// wgpu features that were requested and are in use.
    pub features: Vec<String>,
    /// What lessens the worth of its numbers: a software adapter, a battery.
    pub warnings: Vec<String>,
    /// What it can do at most; null where that was not measured.
    pub peaks: Option<Peaks>,
}

/// The limits that plans depend on, under WebGPU's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Limits {
    /// Bytes of a buffer.
    pub max_buffer_size: u64,
    /// Bytes of a storage binding.
    pub max_storage_buffer_binding_size: u64,
    /// Storage buffers of a shader.
    pub max_storage_buffers_per_shader_stage: u32,
    /// Bytes of workgroup memory.
    pub max_compute_workgroup_storage_size: u32,
    /// Invocations of a workgroup.
    pub max_compute_invocations_per_workgroup: u32,
    /// Workgroups along one dimension.
    pub max_compute_workgroups_per_dimension: u32,
}

/// What an adapter can do at most, measured by small kernels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Peaks {
    /// How the kernels were timed.
    #[cfg_attr(test, schemars(with = "Clocks"))]
    pub clock: Clock,
    /// Fused multiply-adds in f32, GFLOP/s, the best of several runs.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    #[serde(deserialize_with = "above_zero")]
    pub fma_f32_gflops: f64,
    /// The same in f16; null where the adapter has no f16.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    #[serde(deserialize_with = "above_zero")]
    pub fma_f16_gflops: Option<f64>,
    /// Cooperative matrices (tensor cores), one entry for each shape that was
    /// measured; empty where the adapter offers none.
    pub cooperative_matrix: Vec<CooperativePeak>,
    /// Reading and writing of a buffer larger than caches, GB/s, both counted, the
    /// best of several runs.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    #[serde(deserialize_with = "above_zero")]
    pub memory_gbytes_per_second: f64,
    /// Bytes of that buffer.
    pub memory_buffer_bytes: u64,
    /// A dispatch that does nothing among many in one pass, microseconds, median.
    #[serde(deserialize_with = "not_negative")]
    pub dispatch_us: f64,
    /// An empty submission and the wait for it, microseconds, median.
    #[serde(deserialize_with = "not_negative")]
    pub round_trip_us: f64,
    /// Host to device, GB/s, median.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    #[serde(deserialize_with = "above_zero")]
    pub upload_gbytes_per_second: f64,
    /// Device to host, GB/s, median.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    #[serde(deserialize_with = "above_zero")]
    pub readback_gbytes_per_second: f64,
    /// What could not be measured, and why.
    pub not_measured: Vec<NotMeasured>,
}

/// A cooperative matrix product's peak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CooperativePeak {
    /// m, n and k of one product.
    pub shape: [u32; 3],
    /// Scalar of the operands: f16 or f32.
    pub operands: String,
    /// Scalar of the accumulator.
    pub accumulator: String,
    /// GFLOP/s, the best of several runs.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    #[serde(deserialize_with = "above_zero")]
    pub gflops: f64,
}

/// Something that could not be measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotMeasured {
    /// What, under its name in this file.
    pub what: String,
    /// Why.
    pub why: String,
}
