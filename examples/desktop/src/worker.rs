//! A thread for whatever is slow: decoding, waiting for the device, making
//! things on it. The thread that draws hands over jobs and looks for results.

use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::Builder;

type Job<T> = Box<dyn FnOnce() -> T + Send>;

/// Runs jobs one after the other, in their order.
pub struct Worker<T> {
    jobs: Sender<Job<T>>,
    results: Receiver<T>,
    pending: usize,
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
        let run = move || {
            for job in inbox {
                // Nobody listens any more: the window was closed.
                if outbox.send(job()).is_err() {
                    return;
                }
                wake();
            }
        };
        Builder::new().name(name.into()).spawn(run)?;
        Ok(Self {
            jobs,
            results,
            pending: 0,
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
    fn a_thread_that_is_gone_is_told_once() {
        let mut worker = Worker::<()>::start("test", || {}).unwrap();
        worker.run(|| panic!("a job of the test panics")).unwrap();
        assert!(next(&mut worker).is_err());
        assert!(worker.is_idle());
        assert!(matches!(worker.take(), Ok(None)));
        assert!(worker.run(|| ()).is_err());
    }
}
