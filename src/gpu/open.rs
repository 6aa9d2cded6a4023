//! Devices are opened here: one of the library's own, or the application's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[cfg(not(target_arch = "wasm32"))]
use super::DeviceSelector;
use super::adapters::{describe, select};
use super::wishes::{MEMORY_HINTS, WISHED};
use super::{Gpu, GpuError, GpuOptions, PipelineOptions, audited};
use crate::kernels::{KERNELS, Needs, Variant};

/// How long the application's work on its device may take, when it is handed over.
const LONG_WORK: Duration = Duration::from_secs(1);

impl Gpu {
    /// Opens a device of the library's own: on the adapter that a
    /// [`DeviceSelector`] means, with all that it offers, or as [`GpuOptions`]
    /// say. Textures and buffers that a classifier is to read must be made on it
    /// ([`Gpu::device`]): an application with a device of its own takes
    /// [`Gpu::from_device`].
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`] and [`GpuError::UnknownDevice`] where there is
    /// none; [`GpuError::Request`] where the driver gives no device.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn new(options: impl Into<GpuOptions>) -> Result<Self, GpuError> {
        pollster::block_on(Self::new_async(options))
    }

    /// The same for a task to await; in a browser, where nothing may block, it is
    /// the one way, and the browser says which adapter it is.
    pub async fn new_async(options: impl Into<GpuOptions>) -> Result<Self, GpuError> {
        let options = options.into();
        let adapter = select(&options.selector).await?;
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
        let cooperative = audited::COOPERATIVE | wgpu::Features::SHADER_F16;
        if offered.contains(cooperative) && !audited::cooperative_sizes(&adapter).is_empty() {
            // A driver that offers them and then refuses is used without.
            let features = features | audited::COOPERATIVE;
            let opened = audited::request_cooperative(&adapter, features, limits.clone()).await;
            if let Ok((device, queue)) = opened {
                return Ok(Self::joined(
                    &adapter,
                    (device, queue),
                    &options.pipelines,
                    false,
                ));
            }
        }
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("resnet-wgpu"),
            required_features: features,
            required_limits: limits,
            memory_hints: MEMORY_HINTS,
            ..Default::default()
        };
        let opened = adapter.request_device(&descriptor).await;
        let (device, queue) = opened.map_err(|e| GpuError::Request {
            adapter: describe(&adapter.get_info()),
            reason: e.to_string(),
        })?;
        // Of what it lacks for a network, the network's plan tells.
        Ok(Self::joined(
            &adapter,
            (device, queue),
            &options.pipelines,
            false,
        ))
    }

    /// Opens a device with lower limits than the adapter offers: how an adapter
    /// with small limits is simulated. `features` as in [`GpuOptions`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn with_limits(
        selector: &DeviceSelector,
        limits: wgpu::Limits,
        features: bool,
    ) -> Result<Self, GpuError> {
        Self::new(GpuOptions {
            limits: Some(limits),
            features,
            ..selector.into()
        })
    }

    /// What an application may ask its adapter for, so that its own device runs
    /// networks as fast as one of this library's: the features that help, of
    /// those that are offered, and the adapter's limits. Add what the application
    /// itself needs. WebGPU's default limits and no features suffice, and are
    /// slower; [`Gpu::required_limits`] says how little does.
    ///
    /// ```no_run
    /// # use resnet_wgpu::{Gpu, wgpu};
    /// # async fn open(adapter: &wgpu::Adapter) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut descriptor = Gpu::device_descriptor(adapter);
    /// descriptor.required_features |= wgpu::Features::DEPTH_CLIP_CONTROL; // the application's
    /// let (device, queue) = adapter.request_device(&descriptor).await?;
    /// let gpu = Gpu::from_device(adapter, device, queue)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn device_descriptor(adapter: &wgpu::Adapter) -> wgpu::DeviceDescriptor<'static> {
        wgpu::DeviceDescriptor {
            label: Some("resnet-wgpu"),
            required_features: adapter.features() & WISHED,
            required_limits: adapter.limits(),
            memory_hints: MEMORY_HINTS,
            ..Default::default()
        }
    }

    /// The limits without which some network does not run at all: what the least
    /// demanding kernel of every family needs, and otherwise the lowest that
    /// WebGPU implementations may have. How large a binding must be depends on
    /// the network; a plan's error says so.
    pub fn required_limits() -> wgpu::Limits {
        let least = least();
        wgpu::Limits {
            max_compute_invocations_per_workgroup: least.invocations,
            max_compute_workgroup_size_x: least.invocations,
            max_compute_workgroup_size_y: least.invocations,
            max_compute_workgroup_storage_size: least.workgroup_bytes,
            max_storage_buffers_per_shader_stage: least_buffers(),
            ..wgpu::Limits::downlevel_defaults()
        }
    }

    /// Uses a device that the application made, with the limits and features
    /// that it has; WebGPU's default limits suffice. Buffers, bind groups and
    /// submissions of the application are left alone; a run waits on the device
    /// for the submissions before it, as on any shared queue.
    ///
    /// # Errors
    /// [`GpuError::DeviceLimits`] names the limit that is lower than
    /// [`Gpu::required_limits`], and what to ask for; [`GpuError::OtherQueue`].
    pub fn from_device(
        adapter: &wgpu::Adapter,
        device: wgpu::Device,
        queue: wgpu::Queue,
    ) -> Result<Self, GpuError> {
        Self::from_device_with(adapter, device, queue, &PipelineOptions::default())
    }

    /// The same, with a say in how kernels become pipelines. They are kept on
    /// disk only where the device has [`wgpu::Features::PIPELINE_CACHE`].
    ///
    /// # Errors
    /// As [`Gpu::from_device`].
    pub fn from_device_with(
        adapter: &wgpu::Adapter,
        device: wgpu::Device,
        queue: wgpu::Queue,
        options: &PipelineOptions,
    ) -> Result<Self, GpuError> {
        let missing = missing(&device.limits());
        if !missing.is_empty() {
            return Err(GpuError::DeviceLimits {
                device: describe(&device.adapter_info()),
                missing: missing.join(", "),
            });
        }
        let gpu = Self::joined(adapter, (device, queue), options, true);
        gpu.check_queue()?;
        Ok(gpu)
    }

    /// Commands for this device would otherwise go to another, which may do them
    /// without a word. Only who polls a queue's own device hears of its work.
    fn check_queue(&self) -> Result<(), GpuError> {
        // A browser polls by itself, and tells what is wrong with the commands.
        if cfg!(target_arch = "wasm32") {
            return Ok(());
        }
        let heard = Arc::new(AtomicBool::new(false));
        let hears = Arc::clone(&heard);
        (self.queue()).on_submitted_work_done(move || hears.store(true, Ordering::Release));
        let waited = self.handles().poll(wgpu::PollType::Wait {
            submission_index: None,
            timeout: Some(LONG_WORK),
        });
        // A lost device and one that is busy for long tell nothing.
        match heard.load(Ordering::Acquire) || !matches!(waited, Ok(true)) {
            true => Ok(()),
            false => Err(GpuError::OtherQueue {
                device: self.describe(),
            }),
        }
    }

    fn joined(
        adapter: &wgpu::Adapter,
        (device, queue): (wgpu::Device, wgpu::Queue),
        options: &PipelineOptions,
        shared: bool,
    ) -> Self {
        let cooperative = match device.features().contains(audited::COOPERATIVE) {
            true => audited::cooperative_sizes(adapter),
            false => vec![],
        };
        Self::make(device, queue, options, cooperative, shared)
    }
}

/// What the least demanding kernel of every family needs that networks cannot do
/// without.
fn least() -> Needs {
    let mut most = Needs::default();
    for family in KERNELS.iter().map(|k| k.family).filter(|f| f.is_needed()) {
        let simple = |n: &Needs| n.subgroup == 0 && n.cooperative == 0;
        let kernels = KERNELS.iter().filter(|k| k.family == family);
        let needs = kernels.map(|k| k.needs()).filter(simple);
        let least = needs.min_by_key(|n| (n.invocations, n.workgroup_bytes));
        let least = least.unwrap_or_default();
        most.invocations = most.invocations.max(least.invocations);
        most.workgroup_bytes = most.workgroup_bytes.max(least.workgroup_bytes);
    }
    most
}

/// Storage buffers that a kernel binds where it does nothing besides its own
/// operation.
fn least_buffers() -> u32 {
    let needed = KERNELS.iter().filter(|k| k.family.is_needed());
    let values = needed.map(|k| Variant::of(k).values());
    values.max().unwrap_or(0) as u32
}

/// What the names of limits begin with that kernels depend on: an application may do
/// with as few vertex buffers as it likes. How large a buffer must be is a plan's to
/// say.
const USED: [&str; 8] = [
    "max_bind",
    "max_compute",
    "max_sampled_textures",
    "max_storage_buffers",
    "max_texture_dimension_2d",
    "max_uniform_buffer",
    "min_storage_buffer",
    "min_uniform_buffer",
];

/// The limits that are too low, readably.
fn missing(found: &wgpu::Limits) -> Vec<String> {
    let mut missing = vec![];
    Gpu::required_limits().check_limits_with_fail_fn(found, false, |name, needed, found| {
        if USED.iter().any(|used| name.starts_with(used)) {
            missing.push(format!("{name} of {needed} (it has {found})"));
        }
    });
    missing
}
