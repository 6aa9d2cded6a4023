//! The errors of a device as values.

use super::panics::poll_device;
use super::reports::Reports;
use super::{GpuError, Handles};

impl Handles {
    /// Makes calls to the device and returns wgpu's errors instead of letting them
    /// reach wgpu's handler, which panics by default. `bytes` is what the calls
    /// allocate, for the message. Error scopes belong to a thread, so the errors of
    /// other threads stay theirs.
    ///
    /// # Errors
    /// [`GpuError::Blocking`] in a browser, where errors arrive later:
    /// [`Handles::watch_later`] is for calls that a browser makes.
    pub fn watch<T>(&self, bytes: u64, act: impl FnOnce() -> T) -> Result<T, GpuError> {
        if cfg!(target_arch = "wasm32") {
            return Err(GpuError::Blocking);
        }
        let mut reports = Reports::default();
        self.watch_later(bytes, &mut reports, act)
    }

    /// Makes calls to the device. The errors of a browser go to `reports`, which
    /// are to be awaited; elsewhere errors are returned at once.
    pub fn watch_later<T>(
        &self,
        bytes: u64,
        reports: &mut Reports,
        act: impl FnOnce() -> T,
    ) -> Result<T, GpuError> {
        let device = self.device();
        let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
        let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let done = act();
        // Scopes are popped synchronously; their contents may arrive later.
        let scopes = [validation.pop(), internal.pop(), memory.pop()];
        reports.add(self, bytes, scopes)?;
        Ok(done)
    }

    /// Returns whether the device is lost. wgpu reports a loss to one callback,
    /// which belongs to the application, and calls on a lost device do nothing. So
    /// this tries a call. In a browser, which answers later, the result is always
    /// false; the error of the next run says it.
    pub fn is_lost(&self) -> bool {
        if cfg!(target_arch = "wasm32") {
            return false;
        }
        let device = self.device();
        // Other errors show elsewhere.
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
        let failed = probe.get_mapped_range_mut(..).is_err();
        let scopes = scopes.into_iter().rev();
        let errors: Vec<_> = scopes
            .filter_map(|scope| pollster::block_on(scope.pop()))
            .collect();
        // A device that still reports errors is not lost.
        failed && errors.is_empty()
    }

    /// Returns an error if the device is lost: creating objects on a lost device
    /// seems to succeed.
    pub fn check_lost(&self) -> Result<(), GpuError> {
        if self.is_lost() {
            return Err(self.loss());
        }
        Ok(())
    }

    /// Converts the contents of error scopes into an error of this device.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn check_scopes(
        &self,
        bytes: u64,
        found: [Option<wgpu::Error>; 3],
    ) -> Result<(), GpuError> {
        match error_of(bytes, found, || self.describe()) {
            // Objects of a lost device are invalid, which is no defect of ours.
            Err(GpuError::Refused { .. }) if self.is_lost() => Err(self.loss()),
            judged => judged,
        }
    }

    fn loss(&self) -> GpuError {
        GpuError::Lost {
            device: self.describe(),
            reason: "the device is lost".into(),
        }
    }

    /// A buffer with these bytes.
    pub fn buffer_with(
        &self,
        label: &str,
        bytes: &[u8],
        usage: wgpu::BufferUsages,
        reports: &mut Reports,
    ) -> Result<wgpu::Buffer, GpuError> {
        let size = (bytes.len() as u64).next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT);
        self.watch_later(size, reports, || {
            let buffer = self.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size,
                usage,
                mapped_at_creation: true,
            });
            let view = buffer.get_mapped_range_mut(..);
            view.map(|mut view| view.slice(..bytes.len()).copy_from_slice(bytes))
                .map_err(|error| self.lost(error))?;
            buffer.unmap();
            Ok(buffer)
        })?
    }

    /// Polls the device, and returns whether what was waited for is done. wgpu
    /// panics if a driver loses the device meanwhile, which is an error here.
    pub fn poll(&self, how: wgpu::PollType) -> Result<bool, GpuError> {
        poll_device(self.device(), how).map_err(|reason| self.lost(reason))
    }

    /// Runs the callbacks that are due, without waiting.
    pub fn look(&self) -> Result<(), GpuError> {
        self.poll(wgpu::PollType::Poll).map(|_| ())
    }

    /// An error of the device while it ran.
    pub fn lost(&self, reason: impl ToString) -> GpuError {
        if self.is_lost() {
            // wgpu reports many follow-on errors after a loss.
            return self.loss();
        }
        let mut reason = reason.to_string();
        // A browser's call stack follows the message.
        reason.truncate(reason.find('\n').unwrap_or(reason.len()));
        GpuError::Lost {
            device: self.describe(),
            reason,
        }
    }
}

/// Converts the contents of the scopes for validation, internal errors and memory
/// into an error.
pub(super) fn error_of(
    bytes: u64,
    [validation, internal, memory]: [Option<wgpu::Error>; 3],
    device: impl FnOnce() -> String,
) -> Result<(), GpuError> {
    if let Some(reason) = memory {
        return Err(GpuError::OutOfMemory {
            device: device(),
            bytes,
            reason: reason.to_string(),
        });
    }
    match validation.or(internal) {
        Some(reason) => Err(GpuError::Refused {
            device: device(),
            reason: reason.to_string(),
        }),
        None => Ok(()),
    }
}
