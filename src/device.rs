//! The device that a network runs on.

use std::fmt;

use crate::gpu::{Gpu, GpuError};

/// The device that a network runs on: a GPU, or the CPU.
///
/// ```
/// use resnet_wgpu::{Classifier, Device, Model};
///
/// let model = Model::embedded()?;
/// let best = Device::auto()?;
/// let classifier = Classifier::new(best, &model, &Default::default())?;
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone)]
pub enum Device {
    /// The CPU.
    Cpu,
    /// A GPU, or a software driver that looks like one.
    Gpu(Gpu),
}

impl Device {
    /// The best adapter of this machine, or the CPU where there is none.
    ///
    /// # Errors
    /// [`GpuError::Request`] if the driver of the adapter gives no device.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn auto() -> Result<Self, GpuError> {
        pollster::block_on(Self::auto_async())
    }

    /// Awaits the best adapter; the only way in a browser, where nothing may block.
    ///
    /// # Errors
    /// [`GpuError::Request`] if the driver of the adapter gives no device.
    pub async fn auto_async() -> Result<Self, GpuError> {
        match Gpu::new_async(crate::gpu::DeviceSelector::Auto).await {
            Err(GpuError::NoAdapter) => Ok(Self::Cpu),
            gpu => Ok(Self::Gpu(gpu?)),
        }
    }

    /// The GPU; `None` on the CPU.
    pub fn gpu(&self) -> Option<&Gpu> {
        match self {
            Self::Cpu => None,
            Self::Gpu(gpu) => Some(gpu),
        }
    }

    /// Runs a future to its end on this thread.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> Result<T, GpuError> {
        match self {
            // The CPU computes in the call, so nothing is ever pending for long.
            Self::Cpu if cfg!(target_arch = "wasm32") => match crate::gpu::poll_once(future) {
                std::task::Poll::Ready(done) => Ok(done),
                std::task::Poll::Pending => Err(GpuError::Blocking),
            },
            Self::Cpu => Ok(pollster::block_on(future)),
            Self::Gpu(gpu) => gpu.block_on(future),
        }
    }
}

/// The name of the device.
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Gpu(gpu) => f.write_str(&gpu.describe()),
        }
    }
}

impl From<Gpu> for Device {
    fn from(gpu: Gpu) -> Self {
        Self::Gpu(gpu)
    }
}

impl From<&Gpu> for Device {
    fn from(gpu: &Gpu) -> Self {
        Self::Gpu(gpu.clone())
    }
}

impl From<&Device> for Device {
    fn from(device: &Device) -> Self {
        device.clone()
    }
}
