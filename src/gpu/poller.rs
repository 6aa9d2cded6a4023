//! Polls a device while tasks await runs on it: wgpu tells of a mapping only to
//! whoever polls. In a browser nobody needs to.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::mapping::Mapping;

/// Between two polls. A poll takes microseconds and, unlike a wait, no lock that
/// another thread's submission or a window's next frame would wait for.
const BETWEEN: Duration = Duration::from_micros(250);

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
    /// Polls `device` until what this returns is dropped.
    pub fn awaits(&self, device: &wgpu::Device, mapping: &Mapping) -> Awaited {
        let mut list = self.0.list();
        let id = list.next;
        list.next += 1;
        list.awaited.push((id, mapping.clone()));
        if !list.running && cfg!(not(target_family = "wasm")) {
            let (board, device) = (Arc::clone(&self.0), device.clone());
            let thread = std::thread::Builder::new().name("resnet-wgpu poll".into());
            match thread.spawn(move || board.run(&device)) {
                Ok(_) => list.running = true,
                Err(error) => mapping.fail(&format!("no thread to poll it: {error}")),
            }
        }
        drop(list);
        self.0.changed.notify_one();
        Awaited {
            board: Arc::clone(&self.0),
            id,
        }
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
        loop {
            let idle = |list: &mut List| list.awaited.is_empty() && !list.closed;
            let list = self.changed.wait_while(self.list(), idle);
            let closed = list.unwrap_or_else(PoisonError::into_inner).closed;
            if closed {
                return;
            }
            if let Err(error) = device.poll(wgpu::PollType::Poll) {
                // No callback comes any more.
                let lost = std::mem::take(&mut self.list().awaited);
                for (_, mapping) in lost {
                    mapping.fail(&error.to_string());
                }
            }
            std::thread::sleep(BETWEEN);
        }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
