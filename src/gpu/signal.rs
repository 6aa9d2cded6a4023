//! The end of a buffer mapping, reported by wgpu and awaited by a task.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use atomic_waker::AtomicWaker;

use super::frame::Claim;
use super::{GpuError, Handles};

/// Reports when a buffer is mapped, or why it never will be. A signal is armed
/// again for each run, so that a run allocates nothing. Clones share the state;
/// one task awaits it.
#[derive(Debug, Clone, Default)]
pub(super) struct Signal(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// `None` while the mapping is pending.
    end: Mutex<Option<Result<(), MapFailure>>>,
    waker: AtomicWaker,
}

/// Why a buffer is not mapped and never will be.
#[derive(Debug, Clone)]
pub(super) enum MapFailure {
    /// The device failed.
    Failed(String),
    /// The commands before the mapping were dropped.
    Dropped,
}

impl MapFailure {
    fn error(&self, handles: &Handles) -> GpuError {
        match self {
            Self::Failed(reason) => handles.lost(reason),
            Self::Dropped => GpuError::NotSubmitted,
        }
    }
}

impl Signal {
    /// The signal of a buffer that was created mapped.
    pub fn ended() -> Self {
        let signal = Self::default();
        *signal.end() = Some(Ok(()));
        signal
    }

    /// Maps the first `bytes` of `buffer` once the commands of `encoder` are
    /// done with it. The mapping holds `claim` until then.
    pub fn map(
        &self,
        encoder: &wgpu::CommandEncoder,
        buffer: &wgpu::Buffer,
        mode: wgpu::MapMode,
        bytes: u64,
        claim: Option<Claim>,
    ) {
        self.reset();
        let mut pending = PendingMapping {
            signal: Some(self.clone()),
            claim,
        };
        encoder.map_buffer_on_submit(buffer, mode, 0..bytes, move |result| {
            pending.end(result.map_err(|error| MapFailure::Failed(error.to_string())));
        });
    }

    /// Forgets how the last mapping ended.
    pub fn reset(&self) {
        *self.end() = None;
    }

    /// Returns whether the buffer is mapped by now.
    pub fn is_mapped(&self, handles: &Handles) -> Result<bool, GpuError> {
        match &*self.end() {
            Some(Ok(())) => Ok(true),
            Some(Err(why)) => Err(why.error(handles)),
            None => Ok(false),
        }
    }

    /// Returns whether the mapping failed.
    pub fn has_failed(&self) -> bool {
        matches!(*self.end(), Some(Err(_)))
    }

    /// Returns whether the mapping has ended, well or not.
    pub fn has_ended(&self) -> bool {
        self.end().is_some()
    }

    /// Completes when the buffer is mapped.
    pub fn poll(&self, handles: &Handles, task: &Context<'_>) -> Poll<Result<(), GpuError>> {
        // The waker first: the mapping may end between the two calls.
        self.0.waker.register(task.waker());
        match self.is_mapped(handles) {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Ends a pending mapping with an error: the device reports nothing more.
    pub fn fail(&self, reason: &str) {
        self.end_with(Err(MapFailure::Failed(reason.to_owned())), || ());
    }

    /// Sets how the mapping ended and does `also`, seen by others at once with
    /// it; then wakes the task.
    fn end_with<T>(&self, how: Result<(), MapFailure>, also: impl FnOnce() -> T) -> T {
        let mut end = self.end();
        if end.is_none() {
            *end = Some(how);
        }
        let done = also();
        drop(end);
        self.0.waker.wake();
        done
    }

    fn end(&self) -> MutexGuard<'_, Option<Result<(), MapFailure>>> {
        self.0.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A mapping that wgpu has yet to report. Dropping it ends the mapping, too.
struct PendingMapping {
    /// Until the end is reported.
    signal: Option<Signal>,
    claim: Option<Claim>,
}

impl PendingMapping {
    fn end(&mut self, how: Result<(), MapFailure>) {
        if let Some(signal) = self.signal.take() {
            let claim = &mut self.claim;
            // Whoever sees the end of the mapping finds its claim released.
            let free_frame = signal.end_with(how, || claim.take().and_then(Claim::release));
            // Frees a frame, and wakes whoever waits for one.
            drop(free_frame);
        }
    }
}

impl Drop for PendingMapping {
    fn drop(&mut self) {
        self.end(Err(MapFailure::Dropped));
    }
}
