//! What a device is asked for.

/// Blocks of 64 MB and more would be touched for the few MB on their way to the
/// device, and stay.
pub(super) const MEMORY_HINTS: wgpu::MemoryHints = wgpu::MemoryHints::MemoryUsage;

/// Features that are requested where they are offered: for kernels, for
/// measuring, and for starting.
pub(super) const WISHED: wgpu::Features = wgpu::Features::SUBGROUP
    .union(wgpu::Features::SHADER_F16)
    .union(wgpu::Features::TIMESTAMP_QUERY)
    .union(wgpu::Features::PIPELINE_CACHE);
