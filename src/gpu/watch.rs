//! What a device says to our calls: errors as values, and the end of waiting.

use std::time::{Duration, Instant};

use super::{Gpu, GpuError};

/// How long a submission may take: one that takes longer does not come back.
const PATIENCE: Duration = Duration::from_secs(600);

impl Gpu {
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
            // What a lost device made is not valid, which is no defect of ours.
            Some(_) if self.is_lost() => Err(self.gone()),
            Some(reason) => Err(GpuError::Refused {
                device: self.describe(),
                reason: reason.to_string(),
            }),
            None => Ok(done),
        }
    }

    /// Whether the device is lost. wgpu tells it to one callback, which is the
    /// application's, and to nobody else: calls on a lost device do nothing. So
    /// this tries one.
    pub fn is_lost(&self) -> bool {
        let device = self.device();
        // What else may be wrong shows elsewhere.
        let scopes = [
            wgpu::ErrorFilter::Validation,
            wgpu::ErrorFilter::OutOfMemory,
        ]
        .map(|filter| device.push_error_scope(filter));
        let probe = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("probe"),
            size: wgpu::COPY_BUFFER_ALIGNMENT,
            usage: wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: true,
        });
        let lost = probe.get_mapped_range_mut(..).is_err();
        for scope in scopes.into_iter().rev() {
            drop(pollster::block_on(scope.pop()));
        }
        lost
    }

    /// That the device is lost, if it is: making something on a lost device
    /// seems to go well.
    pub(super) fn still_there(&self) -> Result<(), GpuError> {
        match self.is_lost() {
            true => Err(self.gone()),
            false => Ok(()),
        }
    }

    fn gone(&self) -> GpuError {
        self.lost("the device is lost")
    }

    /// Waits for a submission. Backends end a wait of theirs sooner than that
    /// (OpenGL's after two seconds), so it takes several.
    pub(super) fn wait(&self, submitted: wgpu::SubmissionIndex) -> Result<(), GpuError> {
        let began = Instant::now();
        self.count_wait();
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
