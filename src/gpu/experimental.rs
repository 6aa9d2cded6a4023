//! The one place that turns on what wgpu calls experimental, and so the one
//! with `unsafe` in it: a device with cooperative matrices.

use super::adapters::{describe, select};
use super::device::WISHED;
use super::{DeviceSelector, Gpu, GpuError};

/// A device with cooperative matrices, and the products that it offers.
#[derive(Debug)]
pub(crate) struct Offer {
    pub gpu: Gpu,
    pub products: Vec<wgpu::CooperativeMatrixProperties>,
}

/// The feature of cooperative matrices.
pub(super) const COOPERATIVE: wgpu::Features = wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX;

/// The sizes of square matrices that the adapter multiplies, f16 into f32.
pub(super) fn sizes(adapter: &wgpu::Adapter) -> Vec<u32> {
    use wgpu::CooperativeScalarType::{F16, F32};
    let products = adapter.cooperative_matrix_properties();
    let offers = |size: &u32| {
        products.iter().any(|p| {
            [p.m_size, p.n_size, p.k_size] == [*size; 3] && (p.ab_type, p.cr_type) == (F16, F32)
        })
    };
    [8, 16].into_iter().filter(offers).collect()
}

/// Opens the adapter with cooperative matrices; `None` where it offers none.
pub(crate) fn cooperative(selector: &DeviceSelector) -> Result<Option<Offer>, GpuError> {
    let adapter = select(selector)?;
    if !adapter.features().contains(COOPERATIVE) {
        return Ok(None);
    }
    let features = COOPERATIVE | adapter.features() & WISHED;
    let (device, queue) = request(&adapter, features, adapter.limits())?;
    Ok(Some(Offer {
        gpu: Gpu::from_device(device, queue),
        products: adapter.cooperative_matrix_properties(),
    }))
}

/// Opens the adapter with these features, cooperative matrices among them.
#[allow(unsafe_code)]
pub(super) fn request(
    adapter: &wgpu::Adapter,
    features: wgpu::Features,
    limits: wgpu::Limits,
) -> Result<(wgpu::Device, wgpu::Queue), GpuError> {
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("resnet-wgpu, cooperative matrices"),
        required_features: features,
        required_limits: limits,
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
    let opened = pollster::block_on(adapter.request_device(&descriptor));
    opened.map_err(|e| GpuError::Request {
        adapter: describe(&adapter.get_info()),
        reason: e.to_string(),
    })
}
