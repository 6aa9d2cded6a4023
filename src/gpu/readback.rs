//! Brings results to the host.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::{Gpu, GpuError};

/// How long a mapping may stay away after its submission has completed. It is
/// there at once, or another thread that polls the device is about to bring it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A buffer that the host can read, and word of its mapping.
#[derive(Debug)]
pub(super) struct Readback {
    buffer: wgpu::Buffer,
    mapped: Arc<(Mutex<Mapped>, Condvar)>,
}

/// How mapping ended, once it has.
type Mapped = Option<Result<(), wgpu::BufferAsyncError>>;

impl Readback {
    pub fn new(gpu: &Gpu, bytes: u64) -> Self {
        Self {
            buffer: gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("readback"),
                size: bytes,
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }),
            mapped: Arc::default(),
        }
    }

    /// The buffer to copy results to.
    pub fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// Waits for a submission and shows `read` the first `bytes`.
    pub fn read(
        &self,
        gpu: &Gpu,
        submitted: wgpu::SubmissionIndex,
        bytes: u64,
        read: impl FnOnce(&[u8]),
    ) -> Result<(), GpuError> {
        let result = self
            .map(gpu, submitted, bytes)
            .and_then(|()| self.show(gpu, bytes, read));
        // Mapped, pending or failed: the next run finds it unmapped.
        self.buffer.unmap();
        result
    }

    fn map(&self, gpu: &Gpu, submitted: wgpu::SubmissionIndex, bytes: u64) -> Result<(), GpuError> {
        *self.lock() = None;
        let mapped = Arc::clone(&self.mapped);
        self.buffer
            .map_async(wgpu::MapMode::Read, 0..bytes, move |result| {
                let (lock, there) = &*mapped;
                *lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                there.notify_all();
            });
        gpu.wait(submitted)?;
        // Another thread that polled may hold the callback still, so the poll
        // is not enough.
        let waited = (self.mapped.1).wait_timeout_while(self.lock(), PATIENCE, |m| m.is_none());
        let mut mapped = waited.unwrap_or_else(PoisonError::into_inner).0;
        match mapped.take() {
            Some(result) => result.map_err(|e| gpu.lost(e)),
            None => Err(gpu.lost("it did not answer")),
        }
    }

    fn show(&self, gpu: &Gpu, bytes: u64, read: impl FnOnce(&[u8])) -> Result<(), GpuError> {
        let view = self.buffer.get_mapped_range(0..bytes);
        let view = view.map_err(|e| gpu.lost(e))?;
        read(&view);
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Mapped> {
        self.mapped.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
