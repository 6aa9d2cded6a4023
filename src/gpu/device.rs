//! A device: this library's own, or the application's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::adapters::describe;
use super::cache::DiskCache;
use super::late::Caller;
use super::mapping::Mapping;
use super::pipelines::Pipelines;
use super::poller::{Awaited, Poller};
use super::profile::profile;
use super::{GpuError, PipelineOptions};
use crate::kernels::Storage;
use crate::plan::{DeviceProfile, Precision, Settled};

/// A GPU that sessions run on. Cloning shares it, and the pipelines that its
/// sessions have made; it may be used from any thread.
///
/// ```no_run
/// use resnet_wgpu::gpu::{DeviceSelector, Gpu};
///
/// let gpu = Gpu::new(DeviceSelector::Auto)?;
/// println!("{}", gpu.describe());
/// # Ok::<(), resnet_wgpu::gpu::GpuError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Gpu {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    device: wgpu::Device,
    queue: wgpu::Queue,
    info: wgpu::AdapterInfo,
    profile: DeviceProfile,
    /// With the application, which draws on it.
    shared: bool,
    pipelines: Pipelines,
    poller: Poller,
    /// Bytes of images that came from the host.
    uploaded: AtomicU64,
    /// How often a thread has waited.
    waits: AtomicU64,
    caller: Caller,
}

impl Gpu {
    pub(super) fn make(
        device: wgpu::Device,
        queue: wgpu::Queue,
        options: &PipelineOptions,
        cooperative: Vec<u32>,
        shared: bool,
    ) -> Self {
        let info = device.adapter_info();
        let profile = DeviceProfile {
            cooperative,
            ..profile(&device.limits(), device.features(), &info)
        };
        let folder = options.cache.as_deref();
        let disk = folder.and_then(|folder| DiskCache::open(&device, &info, folder));
        Self {
            shared: Arc::new(Shared {
                pipelines: Pipelines::new(options, disk),
                device,
                queue,
                info,
                profile,
                shared,
                poller: Poller::default(),
                uploaded: AtomicU64::new(0),
                waits: AtomicU64::new(0),
                caller: Caller::default(),
            }),
        }
    }

    /// The same device with activations and weights in `storage` rather than in
    /// what [`Gpu::new`] takes for it, and pipelines of its own: for comparing.
    pub(crate) fn with_storage(&self, storage: Storage) -> Self {
        Self {
            shared: Arc::new(Shared {
                device: self.device().clone(),
                queue: self.queue().clone(),
                info: self.info().clone(),
                profile: DeviceProfile {
                    storage,
                    ..self.profile().clone()
                },
                shared: self.is_shared(),
                pipelines: Pipelines::new(&PipelineOptions::default(), None),
                poller: Poller::default(),
                uploaded: AtomicU64::new(0),
                waits: AtomicU64::new(0),
                caller: Caller::default(),
            }),
        }
    }

    /// The `wgpu` device.
    pub fn device(&self) -> &wgpu::Device {
        &self.shared.device
    }

    /// The `wgpu` queue.
    pub fn queue(&self) -> &wgpu::Queue {
        &self.shared.queue
    }

    /// What the driver says of itself.
    pub fn info(&self) -> &wgpu::AdapterInfo {
        &self.shared.info
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
        describe(self.info())
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
        self.shared.shared
    }

    /// Bytes of images that runs have taken from the host's memory so far; those
    /// that were on the device already are not among them.
    pub fn uploaded_bytes(&self) -> u64 {
        self.shared.uploaded.load(Ordering::Relaxed)
    }

    pub(super) fn count_upload(&self, bytes: usize) {
        let uploaded = &self.shared.uploaded;
        uploaded.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// How often a thread has waited for the device so far, in calls of this
    /// library: for an answer, for room for another run, or for weights on their
    /// way. A thread that draws should never be among them, and a test can see to
    /// it. What else setting something up takes, such as compiling kernels, is no wait.
    pub fn waits(&self) -> u64 {
        self.shared.waits.load(Ordering::Relaxed)
    }

    /// Counts a wait, where a thread may wait at all.
    pub(super) fn begin_wait(&self) -> Result<(), GpuError> {
        if cfg!(target_arch = "wasm32") {
            return Err(GpuError::Blocking);
        }
        self.shared.waits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Who hears of the device's calls where a browser tells of them later.
    pub(super) fn caller(&self) -> &Caller {
        &self.shared.caller
    }

    /// Has the device polled until what this returns is dropped.
    pub(super) fn awaits(&self, mapping: &Mapping) -> Result<Awaited, GpuError> {
        let awaited = self.shared.poller.awaits(self.device(), mapping);
        awaited.map_err(|error| self.lost(format!("no thread polls it: {error}")))
    }
}
