//! A thread that polls a device while tasks await it: wgpu reports a mapping only
//! to whoever polls. A browser polls by itself.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::panics::poll_device;
use super::signal::Signal;

/// The time between two polls. A poll takes microseconds and, unlike a wait, holds
/// no lock that another thread's submission or a window's next frame would need.
const BETWEEN: Duration = Duration::from_micros(250);

/// Polls at that distance after the newest task came; later ones are rarer.
const OFTEN: u32 = 400;

/// The poll thread, which starts with the first task.
#[derive(Debug, Default)]
pub(super) struct Poller {
    queue: Arc<PollQueue>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct PollQueue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct QueueState {
    awaited: Vec<(u64, Signal)>,
    next: u64,
    running: bool,
    closed: bool,
}

/// Keeps the device polled until it is dropped.
#[derive(Debug)]
pub(super) struct PollRequest {
    queue: Arc<PollQueue>,
    id: u64,
}

impl Poller {
    /// Polls `device` until `signal` has ended or the result is dropped. An error if
    /// the system gives no thread. Nobody is woken here, so the caller may hold locks.
    pub fn poll_for(&self, device: &wgpu::Device, signal: &Signal) -> std::io::Result<PollRequest> {
        let mut state = self.queue.state();
        // A browser polls by itself.
        if cfg!(not(target_arch = "wasm32")) && !state.running {
            let (queue, device) = (Arc::clone(&self.queue), device.clone());
            let thread = std::thread::Builder::new().name("resnet-wgpu poll".into());
            let started = thread.spawn(move || {
                let running = RunningGuard(queue);
                running.0.run(&device);
            })?;
            *self.thread() = Some(started);
            state.running = true;
        }
        let id = state.next;
        state.next += 1;
        state.awaited.push((id, signal.clone()));
        drop(state);
        self.queue.changed.notify_one();
        Ok(PollRequest {
            queue: Arc::clone(&self.queue),
            id,
        })
    }

    fn thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the thread as running until it is dropped.
struct RunningGuard(Arc<PollQueue>);

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.0.state().running = false;
        // Signals remain only if the thread panicked.
        self.0.fail("nothing polls it");
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.queue.state().closed = true;
        self.queue.changed.notify_one();
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

impl Drop for PollRequest {
    fn drop(&mut self) {
        self.queue.state().awaited.retain(|(id, _)| *id != self.id);
    }
}

impl PollQueue {
    fn run(&self, device: &wgpu::Device) {
        let (mut looks, mut last) = (0, 0);
        loop {
            let idle = |state: &mut QueueState| state.awaited.is_empty() && !state.closed;
            let state = self.changed.wait_while(self.state(), idle);
            let state = state.unwrap_or_else(PoisonError::into_inner);
            if state.closed {
                return;
            }
            let newest = state.next;
            drop(state);
            if let Err(error) = poll_device(device, wgpu::PollType::Poll) {
                // No callback will follow.
                self.fail(&error);
            }
            (self.state().awaited).retain(|(_, signal)| !signal.has_ended());
            // A long run needs no answer within a quarter of a millisecond.
            looks = if newest == last { looks + 1 } else { 0 };
            last = newest;
            let pause = if looks < OFTEN { BETWEEN } else { 8 * BETWEEN };
            let open = |state: &mut QueueState| !state.closed;
            drop(self.changed.wait_timeout_while(self.state(), pause, open));
        }
    }

    fn fail(&self, reason: &str) {
        let lost = std::mem::take(&mut self.state().awaited);
        for (_, signal) in lost {
            signal.fail(reason);
        }
    }

    fn state(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
