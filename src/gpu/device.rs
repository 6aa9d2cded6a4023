//! A GPU: the handles of a device, and the state that all networks on the device share.

use std::sync::Arc;

use super::cache::DiskCache;
use super::pipelines::Pipelines;
use super::poller::{PollRequest, Poller};
use super::profile::profile;
use super::signal::Signal;
use super::{DeviceOwner, GpuError, Handles, PipelineOptions};
use crate::kernels::Storage;
use crate::plan::{DeviceProfile, Precision, ResolvedPrecision};

/// A GPU that sessions run on. Clones share the device and the pipelines that its sessions created.
/// All threads may use a `Gpu`.
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
    shared: Arc<SharedState>,
}

#[derive(Debug)]
struct SharedState {
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
        owner: DeviceOwner,
    ) -> Self {
        let handles = Handles::new(device, queue, owner);
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
            shared: Arc::new(SharedState {
                handles,
                profile,
                pipelines,
                poller: Poller::default(),
            }),
        }
    }

    /// Returns the device with activations and weights in `storage` instead of the storage that
    /// [`Gpu::new`] chooses, and with pipelines of its own. Used for comparisons.
    pub(crate) fn with_storage(&self, storage: Storage) -> Self {
        let profile = DeviceProfile {
            storage,
            ..self.profile().clone()
        };
        let (device, queue) = (self.device().clone(), self.queue().clone());
        let handles = Handles::new(device, queue, self.handles().owner());
        let pipelines = Pipelines::new(&PipelineOptions::default(), None);
        Self::of(handles, profile, pipelines)
    }

    /// Returns the handles of the device.
    pub(super) fn handles(&self) -> &Handles {
        &self.shared.handles
    }

    /// Returns the `wgpu` device.
    pub fn device(&self) -> &wgpu::Device {
        self.handles().device()
    }

    /// Returns the `wgpu` queue.
    pub fn queue(&self) -> &wgpu::Queue {
        self.handles().queue()
    }

    /// Returns the driver's description of the adapter.
    pub fn info(&self) -> &wgpu::AdapterInfo {
        self.handles().info()
    }

    /// Returns the properties of the device that planning uses.
    pub fn profile(&self) -> &DeviceProfile {
        &self.shared.profile
    }

    /// Resolves a precision on this device: [`Precision::Auto`] becomes a concrete precision.
    ///
    /// # Errors
    /// [`GpuError::NoF16`] if f16 is requested and the device's shaders lack f16.
    pub fn precision(&self, asked: Precision) -> Result<ResolvedPrecision, GpuError> {
        let none = |_| GpuError::NoF16 {
            device: self.describe(),
        };
        asked.on(self.profile()).map_err(none)
    }

    /// Returns one line that names the device, as in
    /// `llvmpipe (LLVM 15.0.6, 256 bits) (Vulkan, software)`.
    pub fn describe(&self) -> String {
        self.handles().describe()
    }

    /// Returns whether kernels check their memory accesses ([`PipelineOptions::checked`]).
    pub fn checked(&self) -> bool {
        self.pipelines().checked()
    }

    /// Returns the number of pipelines created on this device so far. One pipeline serves every
    /// layer and every image size of its kernel.
    pub fn pipeline_count(&self) -> usize {
        self.pipelines().count()
    }

    pub(super) fn pipelines(&self) -> &Pipelines {
        &self.shared.pipelines
    }

    /// Returns whether the device belongs to the application ([`Gpu::from_device`]), which may also
    /// draw on the device.
    pub fn is_shared(&self) -> bool {
        self.handles().is_shared()
    }

    /// Returns the bytes of images that runs have uploaded from host memory so far. Images that
    /// were already on the device do not count.
    pub fn uploaded_bytes(&self) -> u64 {
        self.handles().uploaded()
    }

    /// Returns the number of times that a thread has waited for the device in calls of this
    /// library: for a result, a free frame, or the upload of weights. A thread that draws should
    /// never wait, and a test can check that with this number. Other setup work, such as compiling
    /// kernels, does not count.
    pub fn waits(&self) -> u64 {
        self.handles().waits()
    }

    /// Returns the number of runs that this library has submitted to the device so far. Commands
    /// that an application records and submits do not count.
    pub fn submitted_runs(&self) -> u64 {
        self.handles().submitted()
    }

    /// Returns whether the device is lost. wgpu reports a loss to a single callback, which belongs
    /// to the application, so this function tests the device with a call. Always `false` in a
    /// browser, where the error of the next run reports the loss.
    pub fn is_lost(&self) -> bool {
        self.handles().is_lost()
    }

    /// Keeps the device polled until `signal` has ended or the returned [`PollRequest`] is dropped.
    pub(super) fn poll_for(&self, signal: &Signal) -> Result<PollRequest, GpuError> {
        let polling = self.shared.poller.poll_for(self.device(), signal);
        polling.map_err(|error| self.handles().lost(format!("no thread polls it: {error}")))
    }
}
