//! The one place with `unsafe` in it: what wgpu lets a caller do only on its
//! word. Kernels without run-time checks, pipelines from a file, and a device
//! with what wgpu calls experimental. Each block says why the word is good.

#[cfg(feature = "cli")]
pub(crate) use cooperative::cooperative;

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
    // - every loop counts up to a parameter or a constant;
    // - every divisor is an extent of a tensor, a stride or a number of tiles,
    //   none of which a graph or a plan admits as zero;
    // - workgroup memory is written before it is read;
    // - no index depends on an activation's or a weight's value.
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

/// A device with cooperative matrices, for measuring. Nothing else runs on it.
#[cfg(feature = "cli")]
mod cooperative {
    use crate::gpu::adapters::{describe, select};
    use crate::gpu::device::WISHED;
    use crate::gpu::{DeviceSelector, Gpu, GpuError};

    /// A device with cooperative matrices, and the products that it offers.
    #[derive(Debug)]
    pub(crate) struct Offer {
        pub gpu: Gpu,
        pub products: Vec<wgpu::CooperativeMatrixProperties>,
    }

    /// Opens the adapter with cooperative matrices; `None` where it offers none.
    pub(crate) fn cooperative(selector: &DeviceSelector) -> Result<Option<Offer>, GpuError> {
        let adapter = select(selector)?;
        let feature = wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX;
        if !adapter.features().contains(feature) {
            return Ok(None);
        }
        let (device, queue) = request(&adapter, feature | adapter.features() & WISHED)?;
        Ok(Some(Offer {
            gpu: Gpu::from_device(device, queue),
            products: adapter.cooperative_matrix_properties(),
        }))
    }

    #[allow(unsafe_code)]
    fn request(
        adapter: &wgpu::Adapter,
        features: wgpu::Features,
    ) -> Result<(wgpu::Device, wgpu::Queue), GpuError> {
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("resnet-wgpu, cooperative matrices"),
            required_features: features,
            required_limits: adapter.limits(),
            // SAFETY: the token's contract is to know that experimental features
            // may have defects that are undefined behaviour in safe calls, and to
            // report them. Of these features only cooperative matrices are
            // requested; the only shader that uses them is ours, and it stays
            // within its buffers by its own arithmetic (`min(…, p.tiles - 1u)`)
            // rather than by naga's checks, which are the part that is young.
            experimental_features: unsafe { wgpu::ExperimentalFeatures::enabled() },
            ..Default::default()
        };
        let opened = pollster::block_on(adapter.request_device(&descriptor));
        opened.map_err(|e| GpuError::Request {
            adapter: describe(&adapter.get_info()),
            reason: e.to_string(),
        })
    }
}
