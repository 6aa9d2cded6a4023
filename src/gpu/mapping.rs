//! Word of whether a buffer is mapped for the host.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Gpu, GpuError};

/// How long a mapping may stay away after its submission has completed. It is
/// there at once, or another thread that polls the device is about to bring it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait for that thread before polling again.
const WHILE: Duration = Duration::from_millis(5);

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

    /// Waits until the buffer is mapped. The submissions before it are taken to
    /// have completed; yet another thread that polled may hold the callback
    /// still, or none has polled since, after an error.
    pub fn wait(&self, gpu: &Gpu) -> Result<(), GpuError> {
        let began = Instant::now();
        loop {
            let mut mapped = self.lock();
            match &*mapped {
                Some(Ok(())) => {
                    *mapped = None;
                    return Ok(());
                }
                // Stays: the buffer is not pending any more.
                Some(Err(error)) => return Err(gpu.lost(error)),
                None => drop(mapped),
            }
            if began.elapsed() > PATIENCE {
                return Err(gpu.lost("it did not answer"));
            }
            // The lock is free: the callback may come from here.
            let polled = gpu.device().poll(wgpu::PollType::Poll);
            polled.map_err(|e| gpu.lost(e))?;
            let waited = (self.0.1).wait_timeout_while(self.lock(), WHILE, |m| m.is_none());
            drop(waited);
        }
    }

    /// Whether what was waited for in vain may still come.
    pub fn is_pending(&self) -> bool {
        self.lock().is_none()
    }

    fn lock(&self) -> MutexGuard<'_, Mapped> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
