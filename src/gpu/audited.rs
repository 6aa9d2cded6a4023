//! The only module with `unsafe` code. wgpu cannot check the caller's promise in three calls:
//! shader modules without run-time checks, a pipeline cache read from a file, and a device with
//! experimental features. A SAFETY comment at each block states why the promise holds.

use super::GpuError;
use super::adapters::describe;
use super::requested_features::MEMORY_HINTS;

/// Creates a kernel's shader module without bounds checks, loop bounds and guards of integer
/// divisions.
#[allow(unsafe_code)]
pub(super) fn trusted_module(
    device: &wgpu::Device,
    descriptor: wgpu::ShaderModuleDescriptor<'_>,
) -> wgpu::ShaderModule {
    let checks = wgpu::ShaderRuntimeChecks::unchecked();
    // SAFETY: a module without checks must never access memory out of bounds, loop forever or
    // divide by zero. This function receives only kernels of `KERNELS`. They are rendered from
    // `shaders/` and dispatched with the parameters and buffers of a plan. `shaders/README.md`
    // gives the argument rule by rule. In short:
    // - Activations: an index addresses a pixel that was clamped (`corner`) or tested (`finish`,
    //   `p.items`, `p.tiles`), and a channel quad below the tensor's number of quads. A tap off the
    //   image reads element 0, and the kernel drops the value.
    // - Weights and biases: an index may exceed the tensor's channels, but not the end of the
    //   buffer. `Packing` pads rows to whole tiles.
    // - Scales and shifts: an index is the quad of an output that the same call stores.
    // - Loops: every loop counts up to a parameter or a constant.
    // - Divisions: every divisor is an extent of a tensor, a stride or a number of tiles. Neither a
    //   graph nor a plan admits zero for any of them.
    // - Workgroup memory is written before it is read.
    // - Data: no index depends on the value of an activation or a weight. A byte of an image is an
    //   index into a table of 256 entries.
    //
    // Reads and writes of textures use the same indices as those of buffers. The property tests
    // also run every kernel with checks, and with slots full of NaN. A read out of bounds would
    // make the two results differ, or would appear as a NaN.
    unsafe { device.create_shader_module_trusted(descriptor, checks) }
}

/// Returns the driver's store of compiled pipelines, filled with `data` from a file if given.
#[allow(unsafe_code)]
pub(super) fn pipeline_cache(device: &wgpu::Device, data: Option<&[u8]>) -> wgpu::PipelineCache {
    let descriptor = wgpu::PipelineCacheDescriptor {
        label: Some("resnet-wgpu"),
        data,
        fallback: true,
    };
    // SAFETY: `data` must come from `PipelineCache::get_data`. `cache::read` returns only data
    // whose mark, adapter, driver and checksum are those that `cache::write` put in front of the
    // data. Damaged files and files of other programs therefore do not reach this call. wgpu and
    // the driver also check headers of their own. An attacker who can forge all of these can write
    // to the user's folder, and so already has the user's rights.
    unsafe { device.create_pipeline_cache(&descriptor) }
}

/// The feature of cooperative matrices.
pub(super) const COOPERATIVE: wgpu::Features = wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX;

/// Returns the sizes of square matrices that the adapter multiplies, with f16 factors and an f32
/// product.
pub(super) fn cooperative_sizes(adapter: &wgpu::Adapter) -> Vec<u32> {
    use wgpu::CooperativeScalarType::{F16, F32};
    let products = adapter.cooperative_matrix_properties();
    let offers = |size: &u32| {
        products.iter().any(|p| {
            [p.m_size, p.n_size, p.k_size] == [*size; 3] && (p.ab_type, p.cr_type) == (F16, F32)
        })
    };
    [8, 16].into_iter().filter(offers).collect()
}

/// Opens a device of the adapter with `features`, which include cooperative matrices.
#[allow(unsafe_code)]
pub(super) async fn request_cooperative(
    adapter: &wgpu::Adapter,
    features: wgpu::Features,
    limits: wgpu::Limits,
) -> Result<(wgpu::Device, wgpu::Queue), GpuError> {
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("resnet-wgpu, cooperative matrices"),
        required_features: features,
        required_limits: limits,
        memory_hints: MEMORY_HINTS,
        // SAFETY: the caller must know that experimental features may have defects that cause
        // undefined behaviour in safe calls, and must report such defects. Cooperative matrices are
        // the only experimental feature requested here, and only our own shaders use them. These
        // shaders stay within their buffers by their own arithmetic. The peak measurement clamps
        // its tile. The convolution loads and stores matrices in workgroup memory only, at constant
        // offsets and a clamped subgroup index. Neither depends on naga's checks, which are new for
        // this feature.
        experimental_features: unsafe { wgpu::ExperimentalFeatures::enabled() },
        ..Default::default()
    };
    let opened = adapter.request_device(&descriptor).await;
    opened.map_err(|e| GpuError::Request {
        adapter: describe(&adapter.get_info()),
        reason: e.to_string(),
    })
}
