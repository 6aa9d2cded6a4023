//! The handles of a device: what everything else on it is made with.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::GpuError;
use super::adapters::describe;
use super::submissions::Submissions;

/// A wgpu device and its queue, what the driver says about itself, and counters.
#[derive(Debug)]
pub(super) struct Handles {
    device: wgpu::Device,
    queue: wgpu::Queue,
    info: wgpu::AdapterInfo,
    owner: DeviceOwner,
    /// Bytes of images that came from the host.
    uploaded: AtomicU64,
    /// The number of waits of threads.
    waits: AtomicU64,
    submissions: Mutex<Submissions>,
}

/// The owner of a device, who decides what else runs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeviceOwner {
    /// This library, which opened the device.
    Library,
    /// The application, which may draw on the device, too.
    Application,
}

impl Handles {
    /// Returns the owner of the device.
    pub fn owner(&self) -> DeviceOwner {
        self.owner
    }

    pub fn new(device: wgpu::Device, queue: wgpu::Queue, owner: DeviceOwner) -> Self {
        Self {
            info: device.adapter_info(),
            device,
            queue,
            owner,
            uploaded: AtomicU64::new(0),
            waits: AtomicU64::new(0),
            submissions: Mutex::default(),
        }
    }

    /// The wgpu device.
    pub fn device(&self) -> &wgpu::Device {
        &self.device
    }

    /// The wgpu queue.
    pub fn queue(&self) -> &wgpu::Queue {
        &self.queue
    }

    /// The driver's description of itself.
    pub fn info(&self) -> &wgpu::AdapterInfo {
        &self.info
    }

    /// Returns whether the application draws on the device, too.
    pub fn is_shared(&self) -> bool {
        self.owner == DeviceOwner::Application
    }

    /// One line that names the device.
    pub fn describe(&self) -> String {
        describe(&self.info)
    }

    /// A command encoder.
    pub fn encoder(&self) -> wgpu::CommandEncoder {
        let descriptor = wgpu::CommandEncoderDescriptor::default();
        self.device.create_command_encoder(&descriptor)
    }

    /// Bytes of images that runs have taken from the host so far.
    pub fn uploaded(&self) -> u64 {
        self.uploaded.load(Ordering::Relaxed)
    }

    /// Counts bytes of images that a run takes from the host.
    pub fn count_upload(&self, bytes: usize) {
        self.uploaded.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// The number of times that a thread has waited for the device.
    pub fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// Counts a wait; an error where no thread may wait.
    pub fn begin_wait(&self) -> Result<(), GpuError> {
        if cfg!(target_arch = "wasm32") {
            return Err(GpuError::Blocking);
        }
        self.waits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Submits the last commands of a run, and returns a number for
    /// [`Handles::complete`].
    pub fn submit(&self, commands: wgpu::CommandBuffer) -> u64 {
        let submitted = self.queue.submit([commands]);
        self.submissions(|all| all.add(submitted))
    }

    /// Notes that the submission of this number, and those before it, have
    /// completed.
    pub fn complete(&self, number: u64) {
        self.submissions(|all| all.complete(number));
    }

    /// The number of runs that were submitted so far.
    pub fn submitted(&self) -> u64 {
        self.submissions(|all| all.count())
    }

    /// The oldest submission that is not known to have completed.
    pub fn oldest_submission(&self) -> Option<(u64, wgpu::SubmissionIndex)> {
        self.submissions(|all| all.oldest())
    }

    fn submissions<T>(&self, act: impl FnOnce(&mut Submissions) -> T) -> T {
        act(&mut self
            .submissions
            .lock()
            .unwrap_or_else(PoisonError::into_inner))
    }
}
