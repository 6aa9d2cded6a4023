//! Errors that a browser tells after the call that they are about. They go to the
//! network whose call it was, and its next run does not end before it has heard
//! of all of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::GpuError;

/// What a network has yet to hear of its calls. Cloning shares it. Elsewhere calls
/// give their errors back themselves, and nothing is ever due.
#[derive(Debug, Clone, Default)]
pub(super) struct Late(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Calls of which nothing has been heard.
    due: usize,
    /// The first error, until somebody asks.
    error: Option<GpuError>,
    waiting: Vec<Waker>,
}

impl Late {
    /// One more call.
    #[cfg(target_arch = "wasm32")]
    pub fn expect(&self) {
        self.lock().due += 1;
    }

    /// What has come of one.
    #[cfg(target_arch = "wasm32")]
    pub fn hear(&self, how: Result<(), GpuError>) {
        let mut state = self.lock();
        state.due -= 1;
        if let Err(error) = how {
            state.error.get_or_insert(error);
        }
        let over = state.due == 0;
        let waiting = over.then(|| std::mem::take(&mut state.waiting));
        drop(state);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }

    /// Whether all is heard, and well.
    pub fn look(&self) -> Result<bool, GpuError> {
        let mut state = self.lock();
        match (state.due, state.error.take()) {
            (0, Some(error)) => Err(error),
            (0, None) => Ok(true),
            (_, error) => {
                state.error = error;
                Ok(false)
            }
        }
    }

    /// The same, and has this task woken when it is.
    pub fn poll(&self, task: &Context<'_>) -> Poll<Result<(), GpuError>> {
        match self.look() {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => {
                self.lock().waiting.push(task.waker().clone());
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose calls a device's are at the moment; a browser has one thread.
#[derive(Debug, Default)]
pub(super) struct Caller(Mutex<Late>);

impl Caller {
    /// Who is to hear of them.
    #[cfg(target_arch = "wasm32")]
    pub fn get(&self) -> Late {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// That network, until what this returns is dropped. Where errors come at once
    /// nobody asks, and threads would be in each other's way.
    pub fn is(&self, late: &Late) -> Calling<'_> {
        let before = cfg!(target_arch = "wasm32").then(|| self.swap(late.clone()));
        Calling {
            caller: self,
            before,
        }
    }

    fn swap(&self, late: Late) -> Late {
        let mut caller = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *caller, late)
    }
}

/// While a network calls.
#[must_use]
pub(super) struct Calling<'a> {
    caller: &'a Caller,
    before: Option<Late>,
}

impl Drop for Calling<'_> {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            self.caller.swap(before);
        }
    }
}
