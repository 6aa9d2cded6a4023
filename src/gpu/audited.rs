//! The one place with `unsafe` in it: what wgpu lets a caller do only on its
//! word. Kernels without run-time checks, pipelines from a file, and a device
//! with what wgpu calls experimental. Each block says why the word is good.

use super::GpuError;
use super::adapters::describe;
use super::wishes::MEMORY_HINTS;

/// A kernel's module without bounds checks, loop bounds and guards of integer
/// divisions.
#[allow(unsafe_code)]
pub(super) fn trusted_module(
    device: &wgpu::Device,
    descriptor: wgpu::ShaderModuleDescriptor<'_>,
) -> wgpu::ShaderModule {
    let checks = wgpu::ShaderRuntimeChecks::unchecked();
    // SAFETY: only kernels of `KERNELS` come here, rendered from `shaders/` and
    // dispatched with the words and buffers of a plan. Of each it holds, by the
    // argument of `shaders/README.md`, file by file:
    // - an index into an activation is that of a pixel which was clamped
    //   (`corner`) or tested (`finish`, `p.items`, `p.tiles`), and of a quad
    //   below the tensor's; a tap off the image reads element 0, and what it
    //   read is dropped;
    // - an index into weights and biases may pass the tensor's channels and not
    //   its buffer's: rows are padded to whole tiles by `Packing`;
    // - an index into scales and shifts is the quad of an output that is stored
    //   in the same call;
    // - every loop counts up to a parameter or a constant;
    // - every divisor is an extent of a tensor, a stride or a number of tiles,
    //   none of which a graph or a plan admits as zero;
    // - workgroup memory is written before it is read;
    // - no index depends on an activation's or a weight's value, and an image's
    //   byte is one into a table of 256.
    // Textures are read and written by the same indices as buffers.
    // The property tests run every kernel checked as well, with slots full of
    // NaN: a read out of bounds would differ between the two, or show.
    unsafe { device.create_shader_module_trusted(descriptor, checks) }
}

/// The driver's store of compiled pipelines, with what a file had of it.
#[allow(unsafe_code)]
pub(super) fn pipeline_cache(device: &wgpu::Device, data: Option<&[u8]>) -> wgpu::PipelineCache {
    let descriptor = wgpu::PipelineCacheDescriptor {
        label: Some("resnet-wgpu"),
        data,
        fallback: true,
    };
    // SAFETY: the data must be what `get_data` gave. `cache::read` hands on only
    // what has the mark, the adapter, the driver and the checksum that
    // `cache::write` put before it, so neither damage nor another program's file
    // passes; wgpu and the driver check headers of their own. Who forges all of
    // that writes in the user's folder, and so has the user's rights already.
    unsafe { device.create_pipeline_cache(&descriptor) }
}

/// The feature of cooperative matrices.
pub(super) const COOPERATIVE: wgpu::Features = wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX;

/// The sizes of square matrices that the adapter multiplies, f16 into f32.
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

/// Opens the adapter with these features, cooperative matrices among them.
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
        // SAFETY: the token's contract is to know that experimental features
        // may have defects that are undefined behaviour in safe calls, and to
        // report them. Of these features only cooperative matrices are
        // requested; the only shaders that use them are ours. They stay within
        // their buffers by their own arithmetic (the peaks' clamps its tile,
        // the convolution's loads and stores matrices in workgroup memory
        // alone, at constants and a clamped subgroup) rather than by naga's
        // checks, which are the part that is young.
        experimental_features: unsafe { wgpu::ExperimentalFeatures::enabled() },
        ..Default::default()
    };
    let opened = adapter.request_device(&descriptor).await;
    opened.map_err(|e| GpuError::Request {
        adapter: describe(&adapter.get_info()),
        reason: e.to_string(),
    })
}
