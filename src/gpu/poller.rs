//! A thread that polls a device while tasks await it: wgpu reports a mapping only
//! to whoever polls. A browser polls by itself.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::caught::polled;
use super::signal::Signal;

/// The time between two polls. A poll takes microseconds and, unlike a wait, holds
/// no lock that another thread's submission or a window's next frame would need.
const BETWEEN: Duration = Duration::from_micros(250);

/// Polls at that distance after the newest task came; later ones are rarer.
const OFTEN: u32 = 400;

/// The poll thread, which starts with the first task.
#[derive(Debug, Default)]
pub(super) struct Poller {
    board: Arc<Board>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Board {
    list: Mutex<List>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct List {
    awaited: Vec<(u64, Signal)>,
    next: u64,
    running: bool,
    closed: bool,
}

/// Keeps the device polled until it is dropped.
#[derive(Debug)]
pub(super) struct Polling {
    board: Arc<Board>,
    id: u64,
}

impl Poller {
    /// Polls `device` until `signal` has ended or the result is dropped. An error if
    /// the system gives no thread. Nobody is woken here, so the caller may hold locks.
    pub fn poll_for(&self, device: &wgpu::Device, signal: &Signal) -> std::io::Result<Polling> {
        let mut list = self.board.list();
        // A browser polls by itself.
        if cfg!(not(target_arch = "wasm32")) && !list.running {
            let (board, device) = (Arc::clone(&self.board), device.clone());
            let thread = std::thread::Builder::new().name("resnet-wgpu poll".into());
            let started = thread.spawn(move || {
                let running = Running(board);
                running.0.run(&device);
            })?;
            *self.thread() = Some(started);
            list.running = true;
        }
        let id = list.next;
        list.next += 1;
        list.awaited.push((id, signal.clone()));
        drop(list);
        self.board.changed.notify_one();
        Ok(Polling {
            board: Arc::clone(&self.board),
            id,
        })
    }

    fn thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the thread as running until it is dropped.
struct Running(Arc<Board>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.list().running = false;
        // Signals remain only if the thread panicked.
        self.0.fail("nothing polls it");
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.board.list().closed = true;
        self.board.changed.notify_one();
        let thread = self.thread().take();
        // The thread holds the device. At the end of a process it must not free the device
        // while the driver is being unloaded. The thread itself may drop the last task that
        // holds this.
        if let Some(thread) = thread.filter(|t| t.thread().id() != std::thread::current().id()) {
            // A panic of the thread has been reported to whoever waited.
            let _ = thread.join();
        }
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        self.board.list().awaited.retain(|(id, _)| *id != self.id);
    }
}

impl Board {
    fn run(&self, device: &wgpu::Device) {
        let (mut looks, mut last) = (0, 0);
        loop {
            let idle = |list: &mut List| list.awaited.is_empty() && !list.closed;
            let list = self.changed.wait_while(self.list(), idle);
            let list = list.unwrap_or_else(PoisonError::into_inner);
            if list.closed {
                return;
            }
            let newest = list.next;
            drop(list);
            if let Err(error) = polled(device, wgpu::PollType::Poll) {
                // No callback will follow.
                self.fail(&error);
            }
            (self.list().awaited).retain(|(_, signal)| !signal.has_ended());
            // A long run needs no answer within a quarter of a millisecond.
            looks = if newest == last { looks + 1 } else { 0 };
            last = newest;
            let pause = if looks < OFTEN { BETWEEN } else { 8 * BETWEEN };
            let open = |list: &mut List| !list.closed;
            drop(self.changed.wait_timeout_while(self.list(), pause, open));
        }
    }

    fn fail(&self, reason: &str) {
        let lost = std::mem::take(&mut self.list().awaited);
        for (_, signal) in lost {
            signal.fail(reason);
        }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
