//! The one place that turns on what wgpu calls experimental, and so the one
//! with `unsafe` in it: a device with cooperative matrices, for measuring.
//! Nothing else runs on such a device.

use super::adapters::{describe, select};
use super::device::WISHED;
use super::{DeviceSelector, Gpu, GpuError};

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
