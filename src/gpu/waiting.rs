//! Waiting for a device, by a thread or a task.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use web_time::Instant;

use super::signal::Signal;
use super::{Gpu, GpuError, Handles};

/// The longest wait for anything: what takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(600);

/// The time between two looks at a device that is not waited for. wgpu holds a
/// lock while it waits, and a window's next frame on a shared device would wait
/// for it.
const BETWEEN: Duration = Duration::from_micros(200);

/// The waker of threads, which look by themselves and need not be woken.
#[inline(never)]
fn nobody() -> &'static Waker {
    Waker::noop()
}

/// Polls a future once. Its task is not woken.
pub(crate) fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(nobody()))
}

impl Handles {
    /// Runs a future to its end on this thread, which waits for the device
    /// meanwhile. This is the one place where a thread waits for a run.
    ///
    /// # Errors
    /// After ten minutes, [`GpuError::Lost`] if a submission has not completed, and
    /// [`GpuError::Stuck`] otherwise; [`GpuError::Lost`]; [`GpuError::Blocking`] in a
    /// browser, if the future is not ready.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> Result<T, GpuError> {
        let mut future = pin!(future);
        let mut context = Context::from_waker(nobody());
        let mut began = None;
        loop {
            if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
                return Ok(done);
            }
            if began.is_none() {
                self.begin_wait()?;
            }
            if began.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                return Err(match self.oldest_submission() {
                    Some(_) => self.lost("a submission did not come back"),
                    None => GpuError::Stuck,
                });
            }
            self.advance()?;
        }
    }

    /// Lets the device advance: waits for the oldest run, or for a moment.
    fn advance(&self) -> Result<(), GpuError> {
        let Some((number, submitted)) = self.oldest_submission().filter(|_| !self.is_shared())
        else {
            self.look()?;
            std::thread::sleep(BETWEEN);
            return Ok(());
        };
        let wait = wgpu::PollType::Wait {
            submission_index: Some(submitted),
            timeout: Some(PATIENCE),
        };
        if self.poll(wait)? {
            self.complete(number);
        }
        Ok(())
    }

    /// Waits for a submission. Backends end a wait of theirs sooner than `PATIENCE`
    /// (OpenGL after two seconds), so several waits may be needed.
    pub fn wait(&self, submitted: wgpu::SubmissionIndex) -> Result<(), GpuError> {
        self.begin_wait()?;
        let began = Instant::now();
        let timeout = if self.is_shared() {
            Duration::ZERO
        } else {
            PATIENCE
        };
        while began.elapsed() < PATIENCE {
            let wait = wgpu::PollType::Wait {
                submission_index: Some(submitted.clone()),
                timeout: Some(timeout),
            };
            if self.poll(wait)? {
                return Ok(());
            }
            if self.is_shared() {
                std::thread::sleep(BETWEEN);
            }
        }
        Err(self.lost("a submission did not come back"))
    }
}

impl Gpu {
    /// Runs a future to its end on this thread; see [`Handles::block_on`].
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> Result<T, GpuError> {
        self.handles().block_on(future)
    }

    /// Completes with `future`. The device is polled meanwhile: wgpu reports to
    /// whoever polls. An error if polling fails, after which nothing is reported.
    pub(super) async fn poll_while<T>(
        &self,
        future: impl Future<Output = T>,
    ) -> Result<T, GpuError> {
        let mut future = pin!(future);
        // Ends only if polling fails.
        let (failure, mut polling) = (Signal::default(), None);
        std::future::poll_fn(|task| {
            if let Poll::Ready(done) = future.as_mut().poll(task) {
                return Poll::Ready(Ok(done));
            }
            if is_thread(task) {
                // Nobody is woken, so look now.
                self.handles().look()?;
                return future.as_mut().poll(task).map(Ok);
            }
            if polling.is_none() {
                polling = Some(self.poll_for(&failure)?);
            }
            match failure.poll(self.handles(), task) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                _ => Poll::Pending,
            }
        })
        .await
    }
}

/// Returns whether a task is a thread that looks by itself.
pub(super) fn is_thread(task: &Context<'_>) -> bool {
    task.waker().will_wake(nobody())
}
