//! Opens devices: a device of the library's own, or a device that the application opened.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[cfg(not(target_arch = "wasm32"))]
use super::DeviceSelector;
use super::adapters::{describe, select};
use super::requested_features::{MEMORY_HINTS, REQUESTED};
use super::{DeviceOwner, Gpu, GpuError, GpuOptions, PipelineOptions, audited};
use crate::kernels::{KERNELS, KernelVariant, Requirements};

/// The longest time that the application's work on its device may take when the application hands
/// the device over.
const LONG_WORK: Duration = Duration::from_secs(1);

impl Gpu {
    /// Opens a device of the library's own, on the adapter that `options` select: a
    /// [`DeviceSelector`] requests all limits and features that help, and [`GpuOptions`] may
    /// restrict them.
    ///
    /// A classifier reads only textures and buffers of its own device ([`Gpu::device`]). An
    /// application that already has a device uses [`Gpu::from_device`] instead.
    ///
    /// # Errors
    /// - [`GpuError::NoAdapter`] if the machine has no adapter.
    /// - [`GpuError::UnknownDevice`] if no adapter matches the selector.
    /// - [`GpuError::Request`] if the driver refuses to open a device.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn new(options: impl Into<GpuOptions>) -> Result<Self, GpuError> {
        pollster::block_on(Self::new_async(options))
    }

    /// Opens a device like `Gpu::new`, without blocking. Browsers allow only
    /// this function, because nothing may block there, and the browser chooses the adapter.
    pub async fn new_async(options: impl Into<GpuOptions>) -> Result<Self, GpuError> {
        let options = options.into();
        let adapter = select(&options.selector).await?;
        let own = adapter.limits();
        let limits = match &options.limits {
            Some(limits) => limits.clone().or_worse_values_from(&own),
            None => own,
        };
        let offered = if options.features {
            adapter.features()
        } else {
            wgpu::Features::empty()
        };
        let features = offered & REQUESTED;
        let cooperative = audited::COOPERATIVE | wgpu::Features::SHADER_F16;
        if offered.contains(cooperative) && !audited::cooperative_sizes(&adapter).is_empty() {
            // If the driver offers cooperative matrices but refuses to open a device with them, the
            // code below opens a device without them.
            let features = features | audited::COOPERATIVE;
            let opened = audited::request_cooperative(&adapter, features, limits.clone()).await;
            if let Ok((device, queue)) = opened {
                return Ok(Self::assemble(
                    &adapter,
                    (device, queue),
                    &options.pipelines,
                    DeviceOwner::Library,
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
        // A network's plan reports later which limits or features the network lacks on this device.
        Ok(Self::assemble(
            &adapter,
            (device, queue),
            &options.pipelines,
            DeviceOwner::Library,
        ))
    }

    /// Opens a device with lower limits than the adapter offers and without optional features, to
    /// simulate a small adapter.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn with_limits(selector: &DeviceSelector, limits: wgpu::Limits) -> Result<Self, GpuError> {
        Self::new(GpuOptions {
            limits: Some(limits),
            features: false,
            ..selector.into()
        })
    }

    /// Returns a device descriptor with which an application's own device runs networks as fast as
    /// a device of this library. The descriptor requests the adapter's limits and those offered
    /// features that help. Add the features and limits that the application itself needs.
    ///
    /// WebGPU's default limits and no features suffice, but are slower. [`Gpu::required_limits`]
    /// returns the lowest limits that suffice.
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
            required_features: adapter.features() & REQUESTED,
            required_limits: adapter.limits(),
            memory_hints: MEMORY_HINTS,
            ..Default::default()
        }
    }

    /// Returns the limits that every network needs to run. They cover the least demanding kernel of
    /// each family; all others are the lowest limits that a WebGPU implementation may have. The
    /// required binding size depends on the network, and a plan's error reports it.
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

    /// Uses a device that the application opened, with the limits and features of that device.
    /// WebGPU's default limits suffice. The application's buffers, bind groups and submissions stay
    /// untouched. A run waits on the device for earlier submissions, as on any shared queue.
    ///
    /// # Errors
    /// - [`GpuError::DeviceLimits`] if a limit is lower than [`Gpu::required_limits`]; the error
    ///   names the limit and the required value.
    /// - [`GpuError::OtherQueue`] if the queue belongs to another device.
    pub fn from_device(
        adapter: &wgpu::Adapter,
        device: wgpu::Device,
        queue: wgpu::Queue,
    ) -> Result<Self, GpuError> {
        Self::from_device_with(adapter, device, queue, &PipelineOptions::default())
    }

    /// Uses the application's device like [`Gpu::from_device`], with options for the creation of
    /// pipelines. Pipelines are kept on disk only if the device has
    /// [`wgpu::Features::PIPELINE_CACHE`].
    ///
    /// # Errors
    /// Returns the errors of [`Gpu::from_device`].
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
        let gpu = Self::assemble(adapter, (device, queue), options, DeviceOwner::Application);
        gpu.check_queue()?;
        Ok(gpu)
    }

    /// Checks that the queue belongs to the device. With a foreign queue, the commands for this
    /// device would go to another device, which may run them without an error. A poll of a device
    /// runs the callbacks of that device's own queue only.
    fn check_queue(&self) -> Result<(), GpuError> {
        // A browser polls by itself, and reports invalid commands.
        if cfg!(target_arch = "wasm32") {
            return Ok(());
        }
        let done = Arc::new(AtomicBool::new(false));
        let notify = Arc::clone(&done);
        (self.queue()).on_submitted_work_done(move || notify.store(true, Ordering::Release));
        let waited = self.handles().poll(wgpu::PollType::Wait {
            submission_index: None,
            timeout: Some(LONG_WORK),
        });
        // A lost device, and a device that is busy for long, prove nothing about the queue.
        if done.load(Ordering::Acquire) || !matches!(waited, Ok(true)) {
            Ok(())
        } else {
            Err(GpuError::OtherQueue {
                device: self.describe(),
            })
        }
    }

    fn assemble(
        adapter: &wgpu::Adapter,
        (device, queue): (wgpu::Device, wgpu::Queue),
        options: &PipelineOptions,
        owner: DeviceOwner,
    ) -> Self {
        let cooperative = if device.features().contains(audited::COOPERATIVE) {
            audited::cooperative_sizes(adapter)
        } else {
            vec![]
        };
        Self::make(device, queue, options, cooperative, owner)
    }
}

/// Returns the needs of the least demanding kernel of each family that networks cannot do without,
/// combined as maxima.
fn least() -> Requirements {
    let mut most = Requirements::default();
    for family in KERNELS.iter().map(|k| k.family).filter(|f| f.is_needed()) {
        let simple = |n: &Requirements| n.subgroup == 0 && n.cooperative == 0;
        let kernels = KERNELS.iter().filter(|k| k.family == family);
        let requirements = kernels.map(|k| k.requirements()).filter(simple);
        let least = requirements.min_by_key(|n| (n.invocations, n.workgroup_bytes));
        let least = least.unwrap_or_default();
        most.invocations = most.invocations.max(least.invocations);
        most.workgroup_bytes = most.workgroup_bytes.max(least.workgroup_bytes);
    }
    most
}

/// Returns the largest number of storage buffers that a kernel binds for its own operation alone,
/// without fused operations.
fn least_buffers() -> u32 {
    let needed = KERNELS.iter().filter(|k| k.family.is_needed());
    let values = needed.map(|k| KernelVariant::of(k).values());
    values.max().unwrap_or(0) as u32
}

/// Prefixes of the names of limits that kernels depend on. Other limits of an application's device,
/// such as the number of vertex buffers, may be as low as the application likes. A plan checks the
/// required buffer size.
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

/// Returns the limits that are too low, each as readable text.
fn missing(found: &wgpu::Limits) -> Vec<String> {
    let mut missing = vec![];
    Gpu::required_limits().check_limits_with_fail_fn(found, false, |name, needed, found| {
        if USED.iter().any(|used| name.starts_with(used)) {
            missing.push(format!("{name} of {needed} (it has {found})"));
        }
    });
    missing
}
