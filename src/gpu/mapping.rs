//! Word of whether a buffer is mapped for the host.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// A buffer's mapping: asked for, then there. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub(super) struct Mapping(pub(super) Arc<Word>);

#[derive(Debug, Default)]
pub(super) struct Word {
    state: Mutex<State>,
    pub(super) there: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// How mapping ended, once it has.
    pub(super) mapped: Option<Result<(), Missed>>,
    /// Who awaits it.
    pub(super) waker: Option<Waker>,
}

impl State {
    fn end(&mut self, how: Result<(), Missed>) -> Option<Waker> {
        self.mapped = Some(how);
        self.waker.take()
    }
}

/// Why there is no mapping and will be none.
#[derive(Debug, Clone)]
pub(super) enum Missed {
    /// The device failed.
    Failed(String),
    /// The commands that it was to follow were dropped.
    Dropped,
}

/// Tells a mapping how it ended, at the latest when it is dropped.
struct Told(Option<Arc<Word>>);

impl Told {
    fn say(&mut self, how: Result<(), Missed>) {
        if let Some(word) = self.0.take() {
            word.say(how);
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.say(Err(Missed::Dropped));
    }
}

impl Word {
    fn say(&self, how: Result<(), Missed>) {
        let waker = self.lock().end(how);
        self.tell(waker);
    }

    /// Tells all who wait, with no lock held.
    fn tell(&self, waker: Option<Waker>) {
        self.there.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mapping {
    /// Of a buffer that was made mapped.
    pub fn there() -> Self {
        let mapping = Self::default();
        mapping.0.say(Ok(()));
        mapping
    }

    /// Asks for the first `bytes` of a buffer as soon as these commands, which
    /// are to be submitted yet, are done with it.
    pub fn ask(
        &self,
        encoder: &wgpu::CommandEncoder,
        buffer: &wgpu::Buffer,
        mode: wgpu::MapMode,
        bytes: u64,
    ) {
        self.0.lock().mapped = None;
        let mut told = Told(Some(Arc::clone(&self.0)));
        encoder.map_buffer_on_submit(buffer, mode, 0..bytes, move |result| {
            told.say(result.map_err(|error| Missed::Failed(error.to_string())));
        });
    }

    /// Whether nothing more will come of it.
    pub fn has_ended(&self) -> bool {
        self.0.lock().mapped.is_some()
    }

    /// Gives it up, for whoever waits, because the device failed.
    pub fn fail(&self, reason: &str) {
        let mut state = self.0.lock();
        if state.mapped.is_none() {
            let waker = state.end(Err(Missed::Failed(reason.to_owned())));
            drop(state);
            self.0.tell(waker);
        }
    }
}
