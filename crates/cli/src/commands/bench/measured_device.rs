//! A device to measure.

use resnet_wgpu::DeviceSelector;
use resnet_wgpu::low_level::plan::DeviceProfile;
use resnet_wgpu_bench::Device;

use crate::options::choice::KernelChoice;

/// A device to measure, with the names and settings that workers and reports need.
pub struct MeasuredDevice {
    /// The selector that workers receive.
    pub selector: DeviceSelector,
    /// The description shown to users.
    pub description: String,
    /// The device's description and the profile that plans need; `None` if the device cannot be
    /// opened.
    pub details: Option<(Device, DeviceProfile)>,
    /// The choice of kernels on this device.
    pub kernels: KernelChoice,
}
