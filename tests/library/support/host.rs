//! Devices as an application opens them.

use resnet_wgpu::DeviceSelector;
use resnet_wgpu::wgpu;

/// Opens the first adapter that applications get, and a device of that adapter.
pub fn host_device(
    descriptor: &wgpu::DeviceDescriptor<'_>,
) -> (wgpu::Adapter, wgpu::Device, wgpu::Queue) {
    let adapter = host_adapter();
    let request = adapter.request_device(descriptor);
    let (device, queue) = pollster::block_on(request).unwrap();
    (adapter, device, queue)
}

/// Opens the first adapter that applications get.
pub fn host_adapter() -> wgpu::Adapter {
    let descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    let instance = wgpu::Instance::new(descriptor);
    let options = wgpu::RequestAdapterOptions::default();
    let adapter = pollster::block_on(instance.request_adapter(&options));
    adapter.unwrap_or_else(|_| {
        panic!(
            "no adapter for {:?}: run ./scripts/test",
            DeviceSelector::Auto
        )
    })
}
