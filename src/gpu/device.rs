//! A device: this library's own, or the application's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::adapters::{describe, select};
use super::cache::DiskCache;
use super::pipelines::Pipelines;
use super::{DeviceSelector, GpuError, GpuOptions, PipelineOptions, audited};
use crate::kernels::{Scalar, Storage};
use crate::plan::{DeviceClass, DeviceProfile, Precision, Settled, Vendor};

/// How long a submission may take: one that takes longer does not come back.
const PATIENCE: Duration = Duration::from_secs(600);

/// Blocks of 64 MB and more would be touched for the few MB on their way to the
/// device, and stay.
pub(super) const MEMORY_HINTS: wgpu::MemoryHints = wgpu::MemoryHints::MemoryUsage;

/// Features that are requested where they are offered: for kernels, for
/// measuring, and for starting.
pub(super) const WISHED: wgpu::Features = wgpu::Features::SUBGROUP
    .union(wgpu::Features::SHADER_F16)
    .union(wgpu::Features::TIMESTAMP_QUERY)
    .union(wgpu::Features::PIPELINE_CACHE);

/// A GPU that sessions run on. Cloning shares it, and the pipelines that its
/// sessions have made; it may be used from any thread.
///
/// ```no_run
/// use resnet_wgpu::gpu::{DeviceSelector, Gpu};
///
/// let gpu = Gpu::new(&DeviceSelector::Auto)?;
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
    pipelines: Pipelines,
}

impl Gpu {
    /// Opens a device of the library's own, with all of the adapter's limits.
    pub fn new(selector: &DeviceSelector) -> Result<Self, GpuError> {
        Self::open(&selector.clone().into())
    }

    /// Opens a device of the library's own.
    pub fn open(options: &GpuOptions) -> Result<Self, GpuError> {
        let adapter = select(&options.selector)?;
        let own = adapter.limits();
        let limits = match &options.limits {
            Some(limits) => limits.clone().or_worse_values_from(&own),
            None => own,
        };
        let offered = match options.features {
            true => adapter.features(),
            false => wgpu::Features::empty(),
        };
        let features = offered & WISHED;
        let sizes = match offered.contains(audited::COOPERATIVE | wgpu::Features::SHADER_F16) {
            true => audited::cooperative_sizes(&adapter),
            false => vec![],
        };
        if !sizes.is_empty() {
            // A driver that offers them and then refuses is used without.
            let features = features | audited::COOPERATIVE;
            let opened = audited::request_cooperative(&adapter, features, limits.clone());
            if let Ok((device, queue)) = opened {
                return Ok(Self::make(device, queue, &options.pipelines, sizes));
            }
        }
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("resnet-wgpu"),
            required_features: features,
            required_limits: limits,
            memory_hints: MEMORY_HINTS,
            ..Default::default()
        };
        let (device, queue) =
            pollster::block_on(adapter.request_device(&descriptor)).map_err(|e| {
                GpuError::Request {
                    adapter: describe(&adapter.get_info()),
                    reason: e.to_string(),
                }
            })?;
        Ok(Self::from_device_with(device, queue, &options.pipelines))
    }

    /// Opens a device with lower limits than the adapter offers: how an adapter
    /// with small limits is simulated. `features` as in [`GpuOptions`].
    pub fn with_limits(
        selector: &DeviceSelector,
        limits: wgpu::Limits,
        features: bool,
    ) -> Result<Self, GpuError> {
        Self::open(&GpuOptions {
            limits: Some(limits),
            features,
            ..selector.clone().into()
        })
    }

    /// Uses a device that the application made, with the limits and features
    /// that it has; WebGPU's default limits suffice. Buffers, bind groups and
    /// submissions of the application are left alone; a submission of a
    /// session waits for those before it, as on any shared queue.
    pub fn from_device(device: wgpu::Device, queue: wgpu::Queue) -> Self {
        Self::from_device_with(device, queue, &PipelineOptions::default())
    }

    /// The same, with a say in how kernels become pipelines. They are kept on
    /// disk only where the device has [`wgpu::Features::PIPELINE_CACHE`].
    pub fn from_device_with(
        device: wgpu::Device,
        queue: wgpu::Queue,
        options: &PipelineOptions,
    ) -> Self {
        Self::make(device, queue, options, vec![])
    }

    fn make(
        device: wgpu::Device,
        queue: wgpu::Queue,
        options: &PipelineOptions,
        cooperative: Vec<u32>,
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
            }),
        }
    }

    /// The same device with activations and weights in `storage` rather than in
    /// what [`Gpu::new`] takes for it, and pipelines of its own: for comparing.
    pub fn with_storage(&self, storage: Storage) -> Self {
        Self {
            shared: Arc::new(Shared {
                device: self.device().clone(),
                queue: self.queue().clone(),
                info: self.info().clone(),
                profile: DeviceProfile {
                    storage,
                    ..self.profile().clone()
                },
                pipelines: Pipelines::new(&PipelineOptions::default(), None),
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

    /// Does something with the device and gives back wgpu's errors instead of
    /// letting them reach a handler, which by default panics. `bytes` is what
    /// it allocates, for the message. Scopes are per thread, so other threads'
    /// errors stay theirs.
    pub(super) fn watch<T>(&self, bytes: u64, act: impl FnOnce() -> T) -> Result<T, GpuError> {
        let device = self.device();
        let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
        let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let done = act();
        let refused = [validation, internal].map(|scope| pollster::block_on(scope.pop()));
        if let Some(reason) = pollster::block_on(memory.pop()) {
            return Err(GpuError::OutOfMemory {
                device: self.describe(),
                bytes,
                reason: reason.to_string(),
            });
        }
        match refused.into_iter().flatten().next() {
            Some(reason) => Err(GpuError::Refused {
                device: self.describe(),
                reason: reason.to_string(),
            }),
            None => Ok(done),
        }
    }

    /// Waits for a submission. Backends end a wait of theirs sooner than that
    /// (OpenGL's after two seconds), so it takes several.
    pub(super) fn wait(&self, submitted: wgpu::SubmissionIndex) -> Result<(), GpuError> {
        let began = Instant::now();
        loop {
            let wait = wgpu::PollType::Wait {
                submission_index: Some(submitted.clone()),
                timeout: Some(PATIENCE),
            };
            match self.device().poll(wait) {
                Ok(_) => return Ok(()),
                Err(wgpu::PollError::Timeout) if began.elapsed() < PATIENCE => {}
                Err(error) => return Err(self.lost(error)),
            }
        }
    }

    /// An error of this device while it ran.
    pub(super) fn lost(&self, reason: impl ToString) -> GpuError {
        GpuError::Lost {
            device: self.describe(),
            reason: reason.to_string(),
        }
    }
}

/// The numbers that planning needs.
fn profile(
    limits: &wgpu::Limits,
    features: wgpu::Features,
    info: &wgpu::AdapterInfo,
) -> DeviceProfile {
    // Kernels made for one subgroup size run only where it cannot differ.
    let fixed = info.subgroup_min_size == info.subgroup_max_size;
    let subgroup = if features.contains(wgpu::Features::SUBGROUP) && fixed {
        info.subgroup_min_size
    } else {
        0
    };
    // llvmpipe alone reads buffers far more slowly than textures, whatever API
    // it is reached through.
    let storage = match info.name.starts_with("llvmpipe") {
        true => Storage::Textures,
        false => Storage::Buffers,
    };
    let said = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => DeviceClass::Discrete,
        wgpu::DeviceType::IntegratedGpu => DeviceClass::Integrated,
        wgpu::DeviceType::Cpu => DeviceClass::Software,
        wgpu::DeviceType::VirtualGpu | wgpu::DeviceType::Other => DeviceClass::Other,
    };
    let vendor = Vendor::of(info.vendor, &info.name);
    DeviceProfile {
        class: DeviceClass::of(said, vendor, &info.name),
        vendor,
        subgroup,
        f16: features.contains(wgpu::Features::SHADER_F16),
        storage,
        max_binding: limits
            .max_storage_buffer_binding_size
            .min(limits.max_buffer_size)
            .min(match storage {
                Storage::Buffers => u64::MAX,
                // The shorter rows: a value of f32 may have no more of them.
                Storage::Textures => {
                    let row = storage.place(Scalar::F16).row_bytes();
                    row * u64::from(limits.max_texture_dimension_2d)
                }
            }),
        max_buffer: limits.max_buffer_size,
        max_workgroups: limits.max_compute_workgroups_per_dimension,
        workgroup_bytes: limits.max_compute_workgroup_storage_size,
        invocations: limits
            .max_compute_invocations_per_workgroup
            .min(limits.max_compute_workgroup_size_x),
        storage_buffers: limits.max_storage_buffers_per_shader_stage,
        cooperative: vec![],
    }
}
