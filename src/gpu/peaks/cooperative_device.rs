//! A device opened for its cooperative matrices.

use crate::gpu::adapters::select;
use crate::gpu::audited::{COOPERATIVE, request_cooperative};
use crate::gpu::requested_features::REQUESTED;
use crate::gpu::{DeviceSelector, Gpu, GpuError};

/// A device with cooperative matrices, and the products that its adapter offers.
#[derive(Debug)]
pub struct CooperativeDevice {
    /// The device.
    pub gpu: Gpu,
    /// The products that the adapter offers.
    pub products: Vec<wgpu::CooperativeMatrixProperties>,
}

/// Opens an adapter with cooperative matrices of any kind, for measuring. Returns `None` if the
/// adapter offers none.
pub fn cooperative(selector: &DeviceSelector) -> Result<Option<CooperativeDevice>, GpuError> {
    let adapter = pollster::block_on(select(selector))?;
    if !adapter.features().contains(COOPERATIVE) {
        return Ok(None);
    }
    let features = COOPERATIVE | adapter.features() & REQUESTED;
    let request = request_cooperative(&adapter, features, adapter.limits());
    let (device, queue) = pollster::block_on(request)?;
    Ok(Some(CooperativeDevice {
        gpu: Gpu::from_device(&adapter, device, queue)?,
        products: adapter.cooperative_matrix_properties(),
    }))
}
