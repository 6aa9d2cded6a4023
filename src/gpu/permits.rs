//! Permits for the runs of a network that may be in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_lock::Semaphore;

use super::{Gpu, GpuError};

/// Runs in flight, at most: each owns memory, and more of them would only wait
/// for each other.
pub(crate) const MOST_IN_FLIGHT: usize = 64;

/// Permits to have a run in flight, shared by all executables of an engine.
#[derive(Debug)]
pub(super) struct Permits {
    semaphore: Semaphore,
    most: usize,
    taken: AtomicUsize,
}

/// A permit, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit(Arc<Permits>);

impl Permits {
    /// Permits for `most` runs, from 1 to [`MOST_IN_FLIGHT`].
    pub fn new(most: usize) -> Arc<Self> {
        let most = most.clamp(1, MOST_IN_FLIGHT);
        Arc::new(Self {
            semaphore: Semaphore::new(most),
            most,
            taken: AtomicUsize::new(0),
        })
    }

    /// The number of runs that may be in flight.
    pub fn most(&self) -> usize {
        self.most
    }

    /// The number of runs in flight. A run that is dropped counts until the device
    /// is done with it.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }

    /// Returns a permit, or [`GpuError::Busy`] if all are taken.
    pub fn take(self: &Arc<Self>, gpu: &Gpu) -> Result<Permit, GpuError> {
        if let Some(permit) = self.try_take() {
            return Ok(permit);
        }
        // The device may be done with a run that was dropped.
        gpu.handles().look()?;
        self.try_take().ok_or(GpuError::Busy(self.taken()))
    }

    /// Returns whether a permit is free.
    pub fn is_free(&self, gpu: &Gpu) -> bool {
        // An error shows in the next run.
        self.taken() < self.most || gpu.handles().look().is_ok() && self.taken() < self.most
    }

    /// Completes when a permit is free.
    pub async fn acquire(self: &Arc<Self>, gpu: &Gpu) -> Result<Permit, GpuError> {
        if let Ok(permit) = self.take(gpu) {
            return Ok(permit);
        }
        gpu.polled(self.semaphore.acquire()).await?.forget();
        Ok(self.taken_one())
    }

    fn try_take(self: &Arc<Self>) -> Option<Permit> {
        self.semaphore.try_acquire()?.forget();
        Some(self.taken_one())
    }

    fn taken_one(self: &Arc<Self>) -> Permit {
        self.taken.fetch_add(1, Ordering::AcqRel);
        Permit(Arc::clone(self))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
        self.0.semaphore.add_permits(1);
    }
}
