//! A thread for slow work: decoding, waiting for the device, and creating objects on it. The
//! drawing thread sends jobs and polls for results.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle, sleep};
use std::time::{Duration, Instant};

use crate::failure::Failure;

type Job<T> = Box<dyn FnOnce() -> T + Send>;

/// The time between two looks at a thread that is about to end.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A thread that runs jobs one after the other, in their order.
pub struct Worker<T> {
    name: &'static str,
    jobs: Sender<Job<T>>,
    results: Receiver<T>,
    pending: usize,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Worker<T> {
    /// Starts the thread. `wake` is called after each job, so that the window is drawn again.
    pub fn start(name: &'static str, wake: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let (jobs, inbox) = channel::<Job<T>>();
        let (outbox, results) = channel();
        let stopped = Arc::<AtomicBool>::default();
        let stopped_flag = Arc::clone(&stopped);
        let run = move || {
            for job in inbox {
                if stopped_flag.load(Ordering::Relaxed) {
                    return;
                }
                // The receiver is gone, because the window was closed.
                if outbox.send(job()).is_err() {
                    return;
                }
                wake();
            }
        };
        let thread = Builder::new().name(name.into()).spawn(run)?;
        Ok(Self {
            name,
            jobs,
            results,
            pending: 0,
            stopped,
            thread: Some(thread),
        })
    }

    /// Sends a job to the thread. If the job panics, the thread continues, and `failed` makes the
    /// result from the panic.
    pub fn run(
        &mut self,
        job: impl FnOnce() -> T + Send + 'static,
        failed: impl FnOnce(Failure) -> T + Send + 'static,
    ) -> Result<(), Failure> {
        let job = move || {
            // Unwind safety: a job shares only locks with other threads, and locks report a panic.
            catch_unwind(AssertUnwindSafe(job))
                .unwrap_or_else(|payload| failed(Failure::Panicked(panic_message(&*payload))))
        };
        let sent = self.jobs.send(Box::new(job));
        sent.map_err(|_| Failure::Gone(self.name.into()))?;
        self.pending += 1;
        Ok(())
    }

    /// Returns the next result if it is ready. This method never waits.
    pub fn take(&mut self) -> Option<T> {
        let result = self.results.try_recv().ok()?;
        self.pending = self.pending.saturating_sub(1);
        Some(result)
    }

    /// Stops the worker. The thread ends after its current job.
    pub fn stop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Dropping the sender ends the thread if it waits for a job.
        self.jobs = channel().0;
    }

    /// Waits for the thread until `deadline`, and returns whether it has ended. A process should
    /// not end while one of its threads is in the driver. A thread that is blocked on a file is
    /// abandoned.
    pub fn join(&mut self, deadline: Instant) -> bool {
        self.stop();
        while let Some(thread) = self.thread.take() {
            if thread.is_finished() {
                // The panics of the jobs were already reported.
                let _ = thread.join();
            } else if Instant::now() >= deadline {
                return false;
            } else {
                self.thread = Some(thread);
                sleep(POLL_INTERVAL);
            }
        }
        true
    }

    /// Returns whether all jobs are done and all results taken.
    pub fn is_idle(&self) -> bool {
        self.pending == 0
    }

    /// Returns the number of jobs whose results were not taken.
    pub fn pending(&self) -> usize {
        self.pending
    }
}

/// Returns the message of a panic.
fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a job panicked".into())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn next<T: Send + 'static>(worker: &mut Worker<T>) -> T {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(10) {
            if let Some(result) = worker.take() {
                return result;
            }
            std::thread::yield_now();
        }
        panic!("no result");
    }

    fn deadline() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn jobs_are_done_in_order() {
        let (woken, wakes) = mpsc::channel();
        let wake = move || woken.send(()).unwrap();
        let mut worker = Worker::start("test", wake).unwrap();
        (0..3).for_each(|i| worker.run(move || i, |_| 9).unwrap());
        assert!(!worker.is_idle());
        assert_eq!([(); 3].map(|()| next(&mut worker)), [0, 1, 2]);
        assert!(worker.is_idle());
        assert_eq!(wakes.iter().take(3).count(), 3);
    }

    #[test]
    fn the_end_comes_after_one_job_and_not_after_all() {
        let (sender, receiver) = mpsc::channel();
        let mut worker = Worker::start("test", || {}).unwrap();
        for i in 0..3 {
            let sender = sender.clone();
            let job = move || {
                sender.send(i).unwrap();
                sleep(Duration::from_millis(200));
            };
            worker.run(job, |_| ()).unwrap();
        }
        assert_eq!(receiver.recv_timeout(Duration::from_secs(10)), Ok(0));
        assert!(worker.join(deadline()));
        drop(sender);
        assert_eq!(receiver.iter().count(), 0);
        assert!(worker.run(|| (), |_| ()).is_err());
    }

    #[test]
    fn a_job_that_never_ends_is_not_waited_for() {
        // The job blocks like a read from a stalled file, because nothing is ever sent.
        let (open, stalled) = mpsc::channel::<()>();
        let (sender, receiver) = mpsc::channel();
        let mut worker = Worker::start("test", || {}).unwrap();
        let job = move || {
            sender.send(()).unwrap();
            stalled.recv().is_ok()
        };
        worker.run(job, |_| true).unwrap();
        // The job has begun. A job that had not begun would not block the end.
        receiver.recv_timeout(Duration::from_secs(10)).unwrap();
        let began = Instant::now();
        assert!(!worker.join(began + Duration::from_millis(50)));
        assert!(began.elapsed() < Duration::from_secs(5));
        drop(open);
    }

    #[test]
    fn a_panic_is_reported_and_the_next_job_is_done() {
        let (woken, wakes) = mpsc::channel();
        let wake = move || woken.send(()).unwrap();
        let mut worker = Worker::start("test", wake).unwrap();
        let job = || panic!("a job of the test, number {}", 7);
        worker.run(job, |failure| failure.to_string()).unwrap();
        worker.run(|| "done".into(), |_| String::new()).unwrap();
        let messages = next(&mut worker);
        assert!(messages.contains("number 7"), "{messages}");
        assert_eq!(next(&mut worker), "done");
        assert!(worker.is_idle() && worker.join(deadline()));
        assert_eq!(wakes.iter().count(), 2);
    }
}
