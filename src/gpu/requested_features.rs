//! Features and memory hints that are requested when a device is opened.

/// wgpu's other hints allocate blocks of 64 MB and more. Uploads of a few MB would touch such a
/// block, and its memory would stay allocated.
pub(super) const MEMORY_HINTS: wgpu::MemoryHints = wgpu::MemoryHints::MemoryUsage;

/// Features that are requested if the adapter offers them: for kernels, for measurements, and for a
/// faster start.
pub(super) const REQUESTED: wgpu::Features = wgpu::Features::SUBGROUP
    .union(wgpu::Features::SHADER_F16)
    .union(wgpu::Features::TIMESTAMP_QUERY)
    .union(wgpu::Features::PIPELINE_CACHE);
