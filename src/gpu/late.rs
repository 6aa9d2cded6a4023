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
    /// The last one that somebody was told, and how many were.
    last: Option<GpuError>,
    told: usize,
    waiting: Vec<Waker>,
}

/// A run that is to hear of errors: of one that nobody was told yet, and of those
/// that others were told since it began. Which of the runs an error is about,
/// nobody knows.
#[derive(Debug)]
pub(super) struct Listener {
    late: Late,
    /// Errors that were told before.
    told: usize,
}

impl Late {
    /// A run begins.
    pub fn listen(&self) -> Listener {
        let told = self.lock().told;
        let late = self.clone();
        Listener { late, told }
    }

    /// One more call.
    #[cfg(any(test, target_arch = "wasm32"))]
    pub fn expect(&self) {
        self.lock().due += 1;
    }

    /// What has come of one.
    #[cfg(any(test, target_arch = "wasm32"))]
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

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Whether all is heard, and well.
    pub fn look(&self) -> Result<bool, GpuError> {
        let mut state = self.late.lock();
        if state.due > 0 {
            return Ok(false);
        }
        if let Some(error) = state.error.take() {
            state.told += 1;
            state.last = Some(again(&error));
            return Err(error);
        }
        match &state.last {
            Some(error) if state.told > self.told => Err(again(error)),
            _ => Ok(true),
        }
    }

    /// The same, and has this task woken when it is.
    pub fn poll(&self, task: &Context<'_>) -> Poll<Result<(), GpuError>> {
        match self.look() {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => {
                self.late.lock().waiting.push(task.waker().clone());
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

/// The same error for another run.
fn again(error: &GpuError) -> GpuError {
    match error {
        GpuError::OutOfMemory {
            device,
            bytes,
            reason,
        } => GpuError::OutOfMemory {
            device: device.clone(),
            bytes: *bytes,
            reason: reason.clone(),
        },
        GpuError::Refused { device, reason } => GpuError::Refused {
            device: device.clone(),
            reason: reason.clone(),
        },
        // Scopes tell of no other.
        other => GpuError::Refused {
            device: String::new(),
            reason: other.to_string(),
        },
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
pub(crate) struct Calling<'a> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> GpuError {
        let (device, reason) = ("one".into(), "a buffer is not valid".into());
        GpuError::Refused { device, reason }
    }

    fn is_refused(told: Result<bool, GpuError>) -> bool {
        matches!(told, Err(GpuError::Refused { reason, .. }) if reason.contains("not valid"))
    }

    #[test]
    fn nothing_is_well_before_all_is_heard() {
        let late = Late::default();
        let run = late.listen();
        assert!(run.look().unwrap());
        late.expect();
        late.expect();
        assert!(!run.look().unwrap());
        late.hear(Err(refused()));
        assert!(!run.look().unwrap(), "one more is to be heard");
        late.hear(Ok(()));
        assert!(is_refused(run.look()));
    }

    #[test]
    fn all_runs_in_flight_hear_of_an_error_and_later_ones_do_not() {
        let late = Late::default();
        let [first, second] = [late.listen(), late.listen()];
        late.expect();
        late.hear(Err(refused()));
        assert!(is_refused(first.look()));
        let third = late.listen();
        assert!(is_refused(second.look()));
        assert!(third.look().unwrap());
    }

    #[test]
    fn what_nobody_heard_is_the_next_runs() {
        let late = Late::default();
        late.expect();
        late.hear(Err(refused()));
        assert!(is_refused(late.listen().look()));
        assert!(late.listen().look().unwrap());
    }

    #[test]
    fn tasks_are_woken_when_all_is_heard() {
        struct Count(std::sync::atomic::AtomicUsize);
        impl std::task::Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        }
        let count = Arc::new(Count(0.into()));
        let waker = Waker::from(Arc::clone(&count));
        let late = Late::default();
        let run = late.listen();
        late.expect();
        assert!(run.poll(&Context::from_waker(&waker)).is_pending());
        late.hear(Ok(()));
        assert_eq!(count.0.load(std::sync::atomic::Ordering::SeqCst), 1);
        assert!(run.poll(&Context::from_waker(&waker)).is_ready());
    }
}
