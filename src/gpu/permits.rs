//! Permits for the runs of a network that may be in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_lock::Semaphore;

use super::{Gpu, GpuError};

/// The largest number of runs in flight. Each owns memory, and more of them would only
/// wait for each other.
pub(crate) const MOST_IN_FLIGHT: usize = 64;

/// Permits to have a run in flight, shared by all executables of an engine.
#[derive(Debug)]
pub(crate) struct Permits {
    gpu: Gpu,
    semaphore: Semaphore,
    most: usize,
    taken: AtomicUsize,
}

/// A permit, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit(Arc<Permits>);

impl Permits {
    /// Returns permits for `most` runs, from 1 to [`MOST_IN_FLIGHT`].
    pub fn new(gpu: &Gpu, most: usize) -> Arc<Self> {
        let most = most.clamp(1, MOST_IN_FLIGHT);
        Arc::new(Self {
            gpu: gpu.clone(),
            semaphore: Semaphore::new(most),
            most,
            taken: AtomicUsize::new(0),
        })
    }

    /// Returns the number of runs that may be in flight.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Returns the number of runs in flight. A run that was dropped counts until the device
    /// is done with it.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }

    /// Returns a permit, or [`GpuError::Busy`] if all are taken.
    pub fn take(self: &Arc<Self>) -> Result<Permit, GpuError> {
        let mut permit = self.semaphore.try_acquire();
        if permit.is_none() {
            // The device may be done with a run that was dropped.
            self.gpu.handles().look()?;
            permit = self.semaphore.try_acquire();
        }
        permit.ok_or(GpuError::Busy(self.taken()))?.forget();
        Ok(Permit::new(self))
    }

    /// Returns whether a permit is free.
    pub fn is_free(&self) -> bool {
        // An error shows in the next run.
        self.taken() < self.most || self.gpu.handles().look().is_ok() && self.taken() < self.most
    }

    /// Completes when a permit is free.
    pub async fn acquire(self: &Arc<Self>) -> Result<Permit, GpuError> {
        if let Ok(permit) = self.take() {
            return Ok(permit);
        }
        self.gpu
            .poll_while(self.semaphore.acquire())
            .await?
            .forget();
        Ok(Permit::new(self))
    }
}

impl Permit {
    /// Counts a permit that was taken from the semaphore.
    fn new(permits: &Arc<Permits>) -> Self {
        permits.taken.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(permits))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
        self.0.semaphore.add_permits(1);
    }
}
