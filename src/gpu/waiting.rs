//! Waiting for a mapping, by a thread or a task.

use std::task::{Context, Poll};
use std::time::Duration;
use web_time::Instant;

use super::mapping::{Mapping, Missed};
use super::{Gpu, GpuError};

/// How long a mapping may stay away after its submission has completed. It is
/// there at once, or another thread that polls the device is about to bring it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long an application's submission may take: one that takes longer does not
/// come back, or was never made.
const LONG: Duration = Duration::from_secs(600);

/// How long to wait for that thread before polling again.
const WHILE: Duration = Duration::from_millis(5);

impl Missed {
    fn error(&self, gpu: &Gpu) -> GpuError {
        match self {
            Missed::Failed(reason) => gpu.lost(reason),
            Missed::Dropped => GpuError::NotSubmitted,
        }
    }
}

impl Mapping {
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
}
