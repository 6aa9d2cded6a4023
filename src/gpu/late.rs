//! Errors that a browser tells after the call that they are about: they go to
//! the network whose call it was, and its next run tells.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::GpuError;

/// The first of them, until somebody asks. Cloning shares it. Elsewhere calls give
/// their errors back themselves, and this stays empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Late(Arc<Mutex<Option<GpuError>>>);

impl Late {
    /// Keeps an error, unless there is one.
    #[cfg(target_arch = "wasm32")]
    pub fn keep(&self, error: GpuError) {
        self.lock().get_or_insert(error);
    }

    /// What has been told since this was last asked.
    pub fn told(&self) -> Result<(), GpuError> {
        self.lock().take().map_or(Ok(()), Err)
    }

    fn lock(&self) -> MutexGuard<'_, Option<GpuError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose calls a device's are at the moment; a browser has one thread.
#[derive(Debug, Default)]
pub(super) struct Turn(Mutex<Late>);

impl Turn {
    /// Who is to be told.
    #[cfg(target_arch = "wasm32")]
    pub fn whose(&self) -> Late {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// From here on, until what this returns is dropped, that one.
    pub fn is(&self, late: &Late) -> Taken<'_> {
        Taken {
            turn: self,
            before: self.swap(late.clone()),
        }
    }

    fn swap(&self, late: Late) -> Late {
        let mut whose = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *whose, late)
    }
}

/// A turn, until it is dropped.
#[must_use]
pub(super) struct Taken<'a> {
    turn: &'a Turn,
    before: Late,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let before = std::mem::take(&mut self.before);
        self.turn.swap(before);
    }
}
