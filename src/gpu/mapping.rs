//! Word of whether a buffer is mapped for the host.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Gpu, GpuError};

/// How long a mapping may stay away after its submission has completed. It is
/// there at once, or another thread that polls the device is about to bring it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A buffer's mapping: asked for, then there.
#[derive(Debug, Default)]
pub(super) struct Mapping(Arc<(Mutex<Mapped>, Condvar)>);

/// How mapping ended, once it has.
type Mapped = Option<Result<(), wgpu::BufferAsyncError>>;

impl Mapping {
    /// Of a buffer that was made mapped.
    pub fn there() -> Self {
        Self(Arc::new((Mutex::new(Some(Ok(()))), Condvar::new())))
    }

    /// Asks for the first `bytes` of a buffer as soon as the submissions so far
    /// are done with it.
    pub fn ask(&self, buffer: &wgpu::Buffer, mode: wgpu::MapMode, bytes: u64) {
        *self.lock() = None;
        let word = Arc::clone(&self.0);
        buffer.map_async(mode, 0..bytes, move |result| {
            let (lock, there) = &*word;
            *lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            there.notify_all();
        });
    }

    /// Waits until the buffer is mapped. The submissions before it must be known
    /// to have completed; yet another thread that polled may hold the callback
    /// still, so that is not enough.
    pub fn wait(&self, gpu: &Gpu) -> Result<(), GpuError> {
        let waited = (self.0.1).wait_timeout_while(self.lock(), PATIENCE, |m| m.is_none());
        let mut mapped = waited.unwrap_or_else(PoisonError::into_inner).0;
        match mapped.take() {
            Some(result) => result.map_err(|e| gpu.lost(e)),
            None => Err(gpu.lost("it did not answer")),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Mapped> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
