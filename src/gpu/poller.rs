//! Polls a device while tasks await runs on it: wgpu tells of a mapping only to
//! whoever polls. In a browser nobody needs to.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::caught::polled;
use super::mapping::Mapping;

/// Between two polls. A poll takes microseconds and, unlike a wait, no lock that
/// another thread's submission or a window's next frame would wait for.
const BETWEEN: Duration = Duration::from_micros(250);

/// Polls that far apart since the newest was awaited; then they are farther.
const OFTEN: u32 = 400;

/// A thread that polls while something is awaited; started at the first.
#[derive(Debug, Default)]
pub(super) struct Poller(Arc<Board>);

#[derive(Debug, Default)]
struct Board {
    list: Mutex<List>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct List {
    awaited: Vec<(u64, Mapping)>,
    next: u64,
    running: bool,
    closed: bool,
}

/// An entry of the list, until it is dropped.
#[derive(Debug)]
pub(super) struct Awaited {
    board: Arc<Board>,
    id: u64,
}

impl Poller {
    /// Polls `device` until that is mapped, or what this returns is dropped. An
    /// error where the system gives no thread for it; nobody is woken here, whatever
    /// the caller has locked.
    pub fn awaits(&self, device: &wgpu::Device, mapping: &Mapping) -> std::io::Result<Awaited> {
        let mut list = self.0.list();
        // A browser polls by itself.
        if cfg!(not(target_arch = "wasm32")) && !list.running {
            let (board, device) = (Arc::clone(&self.0), device.clone());
            let thread = std::thread::Builder::new().name("resnet-wgpu poll".into());
            thread.spawn(move || {
                let running = Running(board);
                running.0.run(&device);
            })?;
            list.running = true;
        }
        let id = list.next;
        list.next += 1;
        list.awaited.push((id, mapping.clone()));
        drop(list);
        self.0.changed.notify_one();
        Ok(Awaited {
            board: Arc::clone(&self.0),
            id,
        })
    }
}

/// While the thread runs.
struct Running(Arc<Board>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.list().running = false;
        // Unless it ended because the device is gone, and nobody awaits.
        self.0.fail("nothing polls it");
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.0.list().closed = true;
        self.0.changed.notify_one();
    }
}

impl Drop for Awaited {
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
                // No callback comes any more.
                self.fail(&error);
            }
            (self.list().awaited).retain(|(_, mapping)| !mapping.has_ended());
            // What takes long needs no answer within a quarter of a millisecond.
            (looks, last) = match newest == last {
                true => (looks + 1, last),
                false => (0, newest),
            };
            std::thread::sleep(if looks < OFTEN { BETWEEN } else { 8 * BETWEEN });
        }
    }

    fn fail(&self, reason: &str) {
        let lost = std::mem::take(&mut self.list().awaited);
        for (_, mapping) in lost {
            mapping.fail(reason);
        }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
