//! How a device is opened, and how kernels become pipelines on it.

use std::path::PathBuf;

use super::DeviceSelector;

/// How a device is opened.
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
    /// Which device.
    pub selector: DeviceSelector,
    /// Lower limits than the adapter offers, each capped at the adapter's own:
    /// how an adapter with small limits is simulated. All of the adapter's by
    /// default.
    pub limits: Option<wgpu::Limits>,
    /// Whether features that kernels and measurements use are requested where
    /// the adapter offers them; without, they are as if it offered none.
    pub features: bool,
    /// How kernels become pipelines.
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

/// How kernels become pipelines.
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
    /// Kernels check every access to memory as they run. They need not, and are
    /// slower so on some devices; it tells a defect of a kernel from one of a
    /// driver.
    pub checked: bool,
    /// A folder where compiled pipelines are kept for the next process, on
    /// devices whose driver lets an application do so (of the backends, Vulkan).
    /// It is made where it is missing, and should be the user's own: what lies
    /// there is handed to the driver. Nothing is written by default, and a
    /// folder that cannot be used is not an error.
    pub cache: Option<PathBuf>,
}
