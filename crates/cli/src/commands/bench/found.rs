//! A device to measure.

use resnet_wgpu::DeviceSelector;
use resnet_wgpu::low_level::plan::DeviceProfile;
use resnet_wgpu_bench::Device;

use crate::options::choice::Kernels;

/// A device that was found: how workers are told, how people are, and what it
/// is where it could be opened.
pub struct Found {
    /// How workers are told.
    pub selector: DeviceSelector,
    /// How people are told.
    pub shown: String,
    /// What it is, and what plans need to know of it.
    pub opened: Option<(Device, DeviceProfile)>,
    /// How kernels are chosen there.
    pub kernels: Kernels,
}
