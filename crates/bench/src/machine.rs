//! The environment of a benchmark as JSON stores it: the machine, its devices, and the devices'
//! peak rates.

use serde::{Deserialize, Serialize};

use crate::check::{above_zero, not_negative};
use resnet_wgpu::low_level::gpu::Clock;

#[cfg(test)]
use crate::schema_tests::ClockSchema;

/// The machine without its GPUs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Host {
    /// The operating system and its version.
    pub os: String,
    /// The version of the kernel of the operating system.
    pub kernel: String,
    /// The name of the processor.
    pub cpu: String,
    /// The number of logical processors.
    pub cpus: usize,
    /// Main memory, bytes.
    pub memory_bytes: u64,
    /// The power supply.
    pub power: Power,
}

/// The power supply of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// The mains, or a battery that is full or charging.
    Mains,
    /// A battery. The machine may lower its clocks.
    Battery,
    /// The machine has no battery or does not report its power supply.
    Unknown,
}

/// An adapter on which rows were measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Device {
    /// The name of the adapter.
    pub name: String,
    /// The vendor's name, or its PCI number if the name is not known.
    pub vendor: String,
    /// The PCI number of the vendor.
    pub vendor_id: u32,
    /// The PCI number of the device.
    pub device_id: u32,
    /// The name of the driver.
    pub driver: String,
    /// The driver's version, as the driver reports it.
    pub driver_info: String,
    /// The API: Vulkan, Metal, Direct3D 12 or OpenGL.
    pub backend: String,
    /// The kind of the adapter: discrete, integrated, virtual, software or other.
    pub kind: String,
    /// The smallest and the largest number of lanes in a subgroup.
    pub subgroup_sizes: [u32; 2],
    /// The limits that plans depend on.
    pub limits: Limits,
    /// The wgpu features that are in use.
    pub features: Vec<String>,
    /// Reasons to distrust figures of this adapter: a software adapter, a battery.
    pub warnings: Vec<String>,
    /// The peak rates of the adapter; null if they were not measured.
    pub peaks: Option<Peaks>,
}

/// The limits that plans depend on, with the names of WebGPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Limits {
    /// Largest size of a buffer, bytes.
    pub max_buffer_size: u64,
    /// Largest size of a storage binding, bytes.
    pub max_storage_buffer_binding_size: u64,
    /// Largest number of storage buffers in a shader.
    pub max_storage_buffers_per_shader_stage: u32,
    /// Largest size of workgroup memory, bytes.
    pub max_compute_workgroup_storage_size: u32,
    /// Largest number of invocations in a workgroup.
    pub max_compute_invocations_per_workgroup: u32,
    /// Largest number of workgroups along one dimension.
    pub max_compute_workgroups_per_dimension: u32,
}

/// The peak rates of an adapter, measured with small kernels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Peaks {
    /// The clock of the small kernels.
    #[cfg_attr(test, schemars(with = "ClockSchema"))]
    pub clock: Clock,
    /// Rate of fused multiply-adds in f32, GFLOP/s, the best of several runs.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    #[serde(deserialize_with = "above_zero")]
    pub fma_f32_gflops: f64,
    /// Rate of fused multiply-adds in f16, GFLOP/s, the best of several runs; null if the
    /// adapter has no f16.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    #[serde(deserialize_with = "above_zero")]
    pub fma_f16_gflops: Option<f64>,
    /// Rates of cooperative matrices (tensor cores), one entry for each measured shape; empty
    /// if the adapter offers none.
    pub cooperative_matrix: Vec<CooperativePeak>,
    /// Rate of copying a buffer larger than caches, GB/s, reads and writes counted, the best of
    /// several runs.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    #[serde(deserialize_with = "above_zero")]
    pub memory_gbytes_per_second: f64,
    /// Size of the copied buffer, bytes.
    pub memory_buffer_bytes: u64,
    /// Time of an empty dispatch among many in one pass, microseconds, median.
    #[serde(deserialize_with = "not_negative")]
    pub dispatch_us: f64,
    /// Time of an empty submission and the wait for it, microseconds, median.
    #[serde(deserialize_with = "not_negative")]
    pub round_trip_us: f64,
    /// Rate of transfers from the host to the device, GB/s, median.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    #[serde(deserialize_with = "above_zero")]
    pub upload_gbytes_per_second: f64,
    /// Rate of transfers from the device to the host, GB/s, median.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    #[serde(deserialize_with = "above_zero")]
    pub readback_gbytes_per_second: f64,
    /// The figures that could not be measured, with the reasons.
    pub not_measured: Vec<MissingFigure>,
}

/// The peak rate of a cooperative matrix product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CooperativePeak {
    /// The sizes m, n and k of one product.
    pub shape: [u32; 3],
    /// The scalar type of the operands: f16 or f32.
    pub operands: String,
    /// The scalar type of the accumulator.
    pub accumulator: String,
    /// The rate in GFLOP/s, the best of several runs.
    #[cfg_attr(test, schemars(extend("exclusiveMinimum" = 0)))]
    #[serde(deserialize_with = "above_zero")]
    pub gflops: f64,
}

/// A figure that could not be measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "NotMeasured"))]
pub struct MissingFigure {
    /// The name of the figure in this file.
    pub what: String,
    /// The reason.
    pub why: String,
}
