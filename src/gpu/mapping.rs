//! Word of whether a buffer is mapped for the host.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use web_time::Instant;

use super::{Gpu, GpuError};

/// How long a mapping may stay away after its submission has completed. It is
/// there at once, or another thread that polls the device is about to bring it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long an application's submission may take: one that takes longer does not
/// come back, or was never made.
const LONG: Duration = Duration::from_secs(600);

/// How long to wait for that thread before polling again.
const WHILE: Duration = Duration::from_millis(5);

/// A buffer's mapping: asked for, then there. Cloning shares it.
#[derive(Debug, Clone, Default)]
pub(super) struct Mapping(Arc<Word>);

#[derive(Debug, Default)]
struct Word {
    state: Mutex<State>,
    there: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// How mapping ended, once it has.
    mapped: Option<Result<(), Missed>>,
    /// Who awaits it.
    waker: Option<Waker>,
}

impl State {
    fn end(&mut self, how: Result<(), Missed>) -> Option<Waker> {
        self.mapped = Some(how);
        self.waker.take()
    }
}

/// Why there is no mapping and will be none.
#[derive(Debug, Clone)]
enum Missed {
    /// The device failed.
    Failed(String),
    /// The commands that it was to follow were dropped.
    Dropped,
}

impl Missed {
    fn error(&self, gpu: &Gpu) -> GpuError {
        match self {
            Missed::Failed(reason) => gpu.lost(reason),
            Missed::Dropped => GpuError::NotSubmitted,
        }
    }
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

    fn lock(&self) -> MutexGuard<'_, State> {
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

    /// Waits until the buffer is mapped. The submissions before it are taken to
    /// have completed; yet another thread that polled may hold the callback
    /// still, or none has polled since, after an error.
    pub fn wait(&self, gpu: &Gpu) -> Result<(), GpuError> {
        self.wait_for(gpu, PATIENCE, || gpu.lost("it did not answer"))
    }

    /// The same where the application has yet to submit the commands, or their
    /// submission is not known.
    pub fn wait_for_application(&self, gpu: &Gpu) -> Result<(), GpuError> {
        self.wait_for(gpu, LONG, || GpuError::NotSubmitted)
    }

    fn wait_for(
        &self,
        gpu: &Gpu,
        patience: Duration,
        end: impl FnOnce() -> GpuError,
    ) -> Result<(), GpuError> {
        if self.look(gpu)? {
            return Ok(());
        }
        gpu.begin_wait()?;
        let began = Instant::now();
        while !self.look(gpu)? {
            if began.elapsed() > patience {
                return Err(end());
            }
            // No lock is held: the callback may come from here.
            gpu.poll(wgpu::PollType::Poll)?;
            let word = &*self.0;
            let waited =
                (word.there).wait_timeout_while(word.lock(), WHILE, |s| s.mapped.is_none());
            drop(waited);
        }
        Ok(())
    }

    /// Whether the buffer is mapped by now.
    pub fn look(&self, gpu: &Gpu) -> Result<bool, GpuError> {
        match &self.0.lock().mapped {
            Some(Ok(())) => Ok(true),
            Some(Err(missed)) => Err(missed.error(gpu)),
            None => Ok(false),
        }
    }

    /// Whether nothing more will come of it.
    pub fn has_ended(&self) -> bool {
        self.0.lock().mapped.is_some()
    }

    /// The same, and has this task woken when it is.
    pub fn poll(&self, gpu: &Gpu, task: &Context<'_>) -> Poll<Result<(), GpuError>> {
        let mut state = self.0.lock();
        match &state.mapped {
            Some(Ok(())) => Poll::Ready(Ok(())),
            Some(Err(missed)) => Poll::Ready(Err(missed.error(gpu))),
            None => {
                state.waker = Some(task.waker().clone());
                Poll::Pending
            }
        }
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
