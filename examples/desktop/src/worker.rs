//! A thread for whatever is slow: decoding, waiting for the device, making
//! things on it. The thread that draws hands over jobs and looks for results.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{Builder, JoinHandle};

type Job<T> = Box<dyn FnOnce() -> T + Send>;

/// Runs jobs one after the other, in their order.
pub struct Worker<T> {
    jobs: Sender<Job<T>>,
    results: Receiver<T>,
    pending: usize,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The thread could not be had, or is gone since a job of its panicked.
#[derive(Debug)]
pub struct Gone;

impl<T: Send + 'static> Worker<T> {
    /// Starts the thread. `wake` is called after each job, to have the window
    /// drawn again.
    pub fn start(name: &str, wake: impl Fn() + Send + 'static) -> std::io::Result<Self> {
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
            jobs,
            results,
            pending: 0,
            ended,
            thread: Some(thread),
        })
    }

    /// Hands a job over.
    pub fn run(&mut self, job: impl FnOnce() -> T + Send + 'static) -> Result<(), Gone> {
        self.jobs.send(Box::new(job)).map_err(|_| Gone)?;
        self.pending += 1;
        Ok(())
    }

    /// The next result, if it is there; it looks, and returns at once.
    pub fn take(&mut self) -> Result<Option<T>, Gone> {
        match self.results.try_recv() {
            Ok(result) => {
                self.pending = self.pending.saturating_sub(1);
                Ok(Some(result))
            }
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) if self.pending == 0 => Ok(None),
            Err(TryRecvError::Disconnected) => {
                self.pending = 0;
                Err(Gone)
            }
        }
    }

    /// Ends the thread, after the job that it is at: a process should not end
    /// while a thread of its is in the driver.
    pub fn end(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // It waits for a job: nobody hands it one any more.
        self.jobs = channel().0;
        if let Some(thread) = self.thread.take() {
            // That it panicked was told.
            let _ = thread.join();
        }
    }

    /// Whether all that was handed over is done, and taken.
    pub fn is_idle(&self) -> bool {
        self.pending == 0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use super::*;

    fn next<T: Send + 'static>(worker: &mut Worker<T>) -> Result<T, Gone> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(10) {
            if let Some(result) = worker.take()? {
                return Ok(result);
            }
            std::thread::yield_now();
        }
        panic!("no result");
    }

    #[test]
    fn jobs_are_done_in_order() {
        let (woken, wakes) = mpsc::channel();
        let wake = move || woken.send(()).unwrap();
        let mut worker = Worker::start("test", wake).unwrap();
        (0..3).for_each(|i| worker.run(move || i).unwrap());
        assert!(!worker.is_idle());
        assert_eq!([(); 3].map(|()| next(&mut worker).unwrap()), [0, 1, 2]);
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
                std::thread::sleep(Duration::from_millis(200));
            };
            worker.run(job).unwrap();
        }
        assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(0));
        worker.end();
        drop(tell);
        assert_eq!(told.iter().count(), 0);
        assert!(worker.run(|| ()).is_err());
    }

    #[test]
    fn a_thread_that_is_gone_is_told_once() {
        let mut worker = Worker::<()>::start("test", || {}).unwrap();
        worker.run(|| panic!("a job of the test panics")).unwrap();
        assert!(next(&mut worker).is_err());
        assert!(worker.is_idle());
        assert!(matches!(worker.take(), Ok(None)));
        assert!(worker.run(|| ()).is_err());
    }
}
