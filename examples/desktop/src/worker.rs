//! A thread for whatever is slow: decoding, waiting for the device, making
//! things on it. The thread that draws hands over jobs and looks for results.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle, sleep};
use std::time::{Duration, Instant};

use crate::failure::Failure;

type Job<T> = Box<dyn FnOnce() -> T + Send>;

/// Between two looks at a thread that is about to end.
const BETWEEN: Duration = Duration::from_millis(5);

/// Runs jobs one after the other, in their order.
pub struct Worker<T> {
    name: &'static str,
    jobs: Sender<Job<T>>,
    results: Receiver<T>,
    pending: usize,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Worker<T> {
    /// Starts the thread. `wake` is called after each job, to have the window
    /// drawn again.
    pub fn start(name: &'static str, wake: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let (jobs, inbox) = channel::<Job<T>>();
        let (outbox, results) = channel();
        let ended = Arc::<AtomicBool>::default();
        let over = Arc::clone(&ended);
        let run = move || {
            for job in inbox {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                // Nobody listens any more: the window was closed.
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
            ended,
            thread: Some(thread),
        })
    }

    /// Hands a job over. Where it panics, the thread goes on, and `failed` says
    /// what to give instead: whoever asked still hears of it.
    pub fn run(
        &mut self,
        job: impl FnOnce() -> T + Send + 'static,
        failed: impl FnOnce(Failure) -> T + Send + 'static,
    ) -> Result<(), Failure> {
        let job = move || {
            // What a job shares with others are locks, which tell of a panic.
            catch_unwind(AssertUnwindSafe(job))
                .unwrap_or_else(|payload| failed(Failure::Panicked(said(&*payload))))
        };
        let sent = self.jobs.send(Box::new(job));
        sent.map_err(|_| Failure::Gone(self.name.into()))?;
        self.pending += 1;
        Ok(())
    }

    /// The next result, if it is there; it looks, and returns at once.
    pub fn take(&mut self) -> Option<T> {
        let result = self.results.try_recv().ok()?;
        self.pending = self.pending.saturating_sub(1);
        Some(result)
    }

    /// Takes no more jobs; the thread ends after the one that it is at.
    pub fn stop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // It waits for a job: nobody hands it one any more.
        self.jobs = channel().0;
    }

    /// Waits for the thread until `deadline`: a process should not end while a
    /// thread of its is in the driver. One that reads a file that never comes is
    /// let go. Gives whether it has ended.
    pub fn join(&mut self, deadline: Instant) -> bool {
        self.stop();
        while let Some(thread) = self.thread.take() {
            if thread.is_finished() {
                // Its jobs' panics were told.
                let _ = thread.join();
            } else if Instant::now() >= deadline {
                return false;
            } else {
                self.thread = Some(thread);
                sleep(BETWEEN);
            }
        }
        true
    }

    /// Whether all that was handed over is done, and taken.
    pub fn is_idle(&self) -> bool {
        self.pending == 0
    }

    /// Jobs that are not done and taken.
    pub fn pending(&self) -> usize {
        self.pending
    }
}

/// What a panic said.
fn said(payload: &(dyn Any + Send)) -> String {
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

    fn soon() -> Instant {
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
        let (tell, told) = mpsc::channel();
        let mut worker = Worker::start("test", || {}).unwrap();
        for i in 0..3 {
            let tell = tell.clone();
            let job = move || {
                tell.send(i).unwrap();
                sleep(Duration::from_millis(200));
            };
            worker.run(job, |_| ()).unwrap();
        }
        assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(0));
        assert!(worker.join(soon()));
        drop(tell);
        assert_eq!(told.iter().count(), 0);
        assert!(worker.run(|| (), |_| ()).is_err());
    }

    #[test]
    fn a_job_that_never_ends_is_not_waited_for() {
        // As with a file that stalls: nothing is ever sent.
        let (open, stalled) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let mut worker = Worker::start("test", || {}).unwrap();
        let job = move || {
            tell.send(()).unwrap();
            stalled.recv().is_ok()
        };
        worker.run(job, |_| true).unwrap();
        // It is at it: one that had not begun would not be.
        told.recv_timeout(Duration::from_secs(10)).unwrap();
        let began = Instant::now();
        assert!(!worker.join(began + Duration::from_millis(50)));
        assert!(began.elapsed() < Duration::from_secs(5));
        drop(open);
    }

    #[test]
    fn a_panic_is_told_and_the_next_job_is_done() {
        let (woken, wakes) = mpsc::channel();
        let wake = move || woken.send(()).unwrap();
        let mut worker = Worker::start("test", wake).unwrap();
        let job = || panic!("a job of the test, number {}", 7);
        worker.run(job, |failure| failure.to_string()).unwrap();
        worker.run(|| "done".into(), |_| String::new()).unwrap();
        let told = next(&mut worker);
        assert!(told.contains("number 7"), "{told}");
        assert_eq!(next(&mut worker), "done");
        assert!(worker.is_idle() && worker.join(soon()));
        assert_eq!(wakes.iter().count(), 2);
    }
}
