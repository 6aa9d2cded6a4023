//! A GPU: the handles of a device, and what networks on it share.

use std::sync::Arc;

use super::cache::DiskCache;
use super::pipelines::Pipelines;
use super::poller::{Poller, Polling};
use super::profile::profile;
use super::signal::Signal;
use super::{GpuError, Handles, PipelineOptions};
use crate::kernels::Storage;
use crate::plan::{DeviceProfile, Precision, Settled};

/// A GPU that sessions run on. Cloning shares it, and the pipelines that its
/// sessions have made; it may be used from any thread.
///
/// ```no_run
/// use resnet_wgpu::{DeviceSelector, Gpu};
///
/// let gpu = Gpu::new(DeviceSelector::Auto)?;
/// println!("{}", gpu.describe());
/// # Ok::<(), resnet_wgpu::low_level::gpu::GpuError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Gpu {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    handles: Handles,
    profile: DeviceProfile,
    pipelines: Pipelines,
    poller: Poller,
}

impl Gpu {
    pub(super) fn make(
        device: wgpu::Device,
        queue: wgpu::Queue,
        options: &PipelineOptions,
        cooperative: Vec<u32>,
        is_shared: bool,
    ) -> Self {
        let handles = Handles::new(device, queue, is_shared);
        let (device, info) = (handles.device(), handles.info());
        let profile = DeviceProfile {
            cooperative,
            ..profile(&device.limits(), device.features(), info)
        };
        let folder = options.cache.as_deref();
        let disk = folder.and_then(|folder| DiskCache::open(device, info, folder));
        Self::of(handles, profile, Pipelines::new(options, disk))
    }

    fn of(handles: Handles, profile: DeviceProfile, pipelines: Pipelines) -> Self {
        Self {
            shared: Arc::new(Shared {
                handles,
                profile,
                pipelines,
                poller: Poller::default(),
            }),
        }
    }

    /// Returns the device with activations and weights in `storage` instead of
    /// the storage that [`Gpu::new`] chooses, and with pipelines of its own: for
    /// comparisons.
    pub(crate) fn with_storage(&self, storage: Storage) -> Self {
        let profile = DeviceProfile {
            storage,
            ..self.profile().clone()
        };
        let (device, queue) = (self.device().clone(), self.queue().clone());
        let handles = Handles::new(device, queue, self.is_shared());
        let pipelines = Pipelines::new(&PipelineOptions::default(), None);
        Self::of(handles, profile, pipelines)
    }

    /// The handles of the device.
    pub(super) fn handles(&self) -> &Handles {
        &self.shared.handles
    }

    /// The `wgpu` device.
    pub fn device(&self) -> &wgpu::Device {
        self.handles().device()
    }

    /// The `wgpu` queue.
    pub fn queue(&self) -> &wgpu::Queue {
        self.handles().queue()
    }

    /// What the driver says of itself.
    pub fn info(&self) -> &wgpu::AdapterInfo {
        self.handles().info()
    }

    /// What planning knows of the device.
    pub fn profile(&self) -> &DeviceProfile {
        &self.shared.profile
    }

    /// What a precision comes to on this device.
    pub fn precision(&self, asked: Precision) -> Result<Settled, GpuError> {
        let none = |_| GpuError::NoF16 {
            device: self.describe(),
        };
        asked.on(self.profile()).map_err(none)
    }

    /// One line that names the device: `llvmpipe (LLVM 15.0.6, 256 bits)
    /// (Vulkan, software)`.
    pub fn describe(&self) -> String {
        self.handles().describe()
    }

    /// Whether kernels check what they access:
    /// [`PipelineOptions::checked`].
    pub fn checked(&self) -> bool {
        self.pipelines().checked()
    }

    /// Pipelines that have been made on this device so far: one serves every
    /// layer and every image size of its kernel.
    pub fn pipeline_count(&self) -> usize {
        self.pipelines().count()
    }

    pub(super) fn pipelines(&self) -> &Pipelines {
        &self.shared.pipelines
    }

    /// Whether the device is the application's ([`Gpu::from_device`]), which may
    /// draw on it.
    pub fn is_shared(&self) -> bool {
        self.handles().is_shared()
    }

    /// Bytes of images that runs have taken from the host's memory so far, without
    /// those that were on the device already.
    pub fn uploaded_bytes(&self) -> u64 {
        self.handles().uploaded()
    }

    /// How often a thread has waited for the device so far in calls of this
    /// library: for a result, for a free frame, or for weights to arrive. A thread
    /// that draws should never wait, and a test can check that. Other work of
    /// setting up, such as compiling kernels, does not count.
    pub fn waits(&self) -> u64 {
        self.handles().waits()
    }

    /// Returns whether the device is lost. wgpu reports a loss to one callback,
    /// which belongs to the application, so this tries a call. Always false in a
    /// browser, where the next run's error says it.
    pub fn is_lost(&self) -> bool {
        self.handles().is_lost()
    }

    /// Keeps the device polled until `signal` has ended or the result is dropped.
    pub(super) fn poll_for(&self, signal: Option<&Signal>) -> Result<Polling, GpuError> {
        let polling = self.shared.poller.poll_for(self.device(), signal);
        polling.map_err(|error| self.handles().lost(format!("no thread polls it: {error}")))
    }
}
