//! Options for opening a device and for creating pipelines on it.

use std::path::PathBuf;

use super::DeviceSelector;

/// Options for opening a device.
///
/// ```
/// use resnet_wgpu::{DeviceSelector, GpuOptions, PipelineOptions};
///
/// let options = GpuOptions {
///     selector: DeviceSelector::Index(0),
///     pipelines: PipelineOptions { checked: true, ..Default::default() },
///     ..Default::default()
/// };
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GpuOptions {
    /// The device to open.
    pub selector: DeviceSelector,
    /// Limits lower than the adapter's, to simulate an adapter with small limits. Each limit is
    /// capped at the adapter's own. `None`, the default, requests all of the adapter's limits.
    pub limits: Option<wgpu::Limits>,
    /// Requests the features that kernels and measurements use, if the adapter offers them. If
    /// `false`, the device opens as if the adapter offered no features.
    pub features: bool,
    /// Options for creating pipelines from kernels.
    pub pipelines: PipelineOptions,
}

impl Default for GpuOptions {
    fn default() -> Self {
        Self {
            selector: DeviceSelector::Auto,
            limits: None,
            features: true,
            pipelines: PipelineOptions::default(),
        }
    }
}

impl From<DeviceSelector> for GpuOptions {
    fn from(selector: DeviceSelector) -> Self {
        Self {
            selector,
            ..Self::default()
        }
    }
}

impl From<&DeviceSelector> for GpuOptions {
    fn from(selector: &DeviceSelector) -> Self {
        selector.clone().into()
    }
}

impl From<&GpuOptions> for GpuOptions {
    fn from(options: &GpuOptions) -> Self {
        options.clone()
    }
}

/// Options for creating pipelines from kernels.
///
/// ```no_run
/// use resnet_wgpu::{Gpu, GpuOptions, PipelineOptions};
///
/// let pipelines = PipelineOptions {
///     cache: Some("/home/me/.cache/application/pipelines".into()),
///     ..PipelineOptions::default()
/// };
/// let gpu = Gpu::new(GpuOptions { pipelines, ..GpuOptions::default() })?;
/// # Ok::<(), resnet_wgpu::low_level::gpu::GpuError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PipelineOptions {
    /// Compiles kernels with run-time checks of every memory access. The kernels do not need these
    /// checks, which cost speed on some devices. The checks help to distinguish a defect of a
    /// kernel from a defect of a driver.
    pub checked: bool,
    /// A folder that keeps compiled pipelines for the next process. Only drivers that support a
    /// pipeline cache use the folder; of the backends, only Vulkan does. The folder is created if
    /// it is missing.
    ///
    /// The folder should belong to the user, because its files are passed to the driver. `None`,
    /// the default, writes nothing. A folder that cannot be used is not an error.
    pub cache: Option<PathBuf>,
}
