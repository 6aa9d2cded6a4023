//! What a run has to itself, so that several can be in flight: where its images
//! wait for the device and its outputs for the host.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::readback::Readback;
use super::staging::Staging;
use super::{Gpu, GpuError};

/// How long to wait for others' runs to end.
const PATIENCE: Duration = Duration::from_secs(600);

/// Buffers for one run at a time.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(super) upload: Staging,
    pub(super) readback: Readback,
    /// Where outputs stay for the application's own shaders, if wanted.
    pub(super) results: Option<wgpu::Buffer>,
    /// Where outputs that are stored in f16 are widened.
    pub(super) floats: Vec<f32>,
}

/// How large a lane's buffers are, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneSize {
    pub upload: u64,
    pub readback: u64,
    /// Whether outputs are to stay on the device as well.
    pub results: bool,
}

impl Lane {
    fn new(gpu: &Gpu, size: LaneSize) -> Self {
        let results = || {
            gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some("results"),
                size: size.readback,
                usage: wgpu::BufferUsages::STORAGE
                    | wgpu::BufferUsages::COPY_DST
                    | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })
        };
        Self {
            upload: Staging::new(gpu, size.upload),
            readback: Readback::new(gpu, size.readback),
            results: size.results.then(results),
            floats: vec![],
        }
    }
}

/// The lanes of an engine: as many runs as there are may be in flight.
#[derive(Debug)]
pub(super) struct Lanes {
    size: LaneSize,
    most: usize,
    free: Mutex<Free>,
    freed: Condvar,
}

#[derive(Debug)]
struct Free {
    lanes: VecDeque<Lane>,
    /// Those that runs have.
    out: usize,
    /// Tasks that await one.
    waiting: Vec<Waker>,
}

impl Lanes {
    pub fn new(gpu: &Gpu, size: LaneSize, most: usize) -> Arc<Self> {
        let most = most.max(1);
        Arc::new(Self {
            size,
            most,
            free: Mutex::new(Free {
                lanes: (0..most).map(|_| Lane::new(gpu, size)).collect(),
                out: 0,
                waiting: vec![],
            }),
            freed: Condvar::new(),
        })
    }

    /// How many runs may be in flight.
    pub fn most(&self) -> usize {
        self.most
    }

    /// How many are.
    pub fn out(&self) -> usize {
        self.free().out
    }

    /// Bytes of all of them.
    pub fn bytes(&self) -> u64 {
        let results = u64::from(self.size.results) * self.size.readback;
        (self.size.upload + self.size.readback + results) * self.most as u64
    }

    /// A lane, where one is free.
    pub fn take(&self, gpu: &Gpu) -> Result<Lane, GpuError> {
        self.take_from(self.free(), gpu)
    }

    /// The same, after a while where none is free. Whoever holds all of them
    /// in the same thread waits in vain.
    pub fn wait(&self, gpu: &Gpu) -> Result<Lane, GpuError> {
        let began = Instant::now();
        let mut free = self.free();
        if free.out >= self.most {
            gpu.count_wait();
        }
        while free.out >= self.most && began.elapsed() < PATIENCE {
            let waited = self.freed.wait_timeout(free, PATIENCE);
            free = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        self.take_from(free, gpu)
    }

    /// The same for a task, which is woken when one may be free.
    pub fn poll(&self, gpu: &Gpu, task: &Context<'_>) -> Poll<Result<Lane, GpuError>> {
        let mut free = self.free();
        if free.out < self.most {
            return Poll::Ready(self.take_from(free, gpu));
        }
        if !free.waiting.iter().any(|w| w.will_wake(task.waker())) {
            free.waiting.push(task.waker().clone());
        }
        Poll::Pending
    }

    fn take_from(&self, mut free: MutexGuard<'_, Free>, gpu: &Gpu) -> Result<Lane, GpuError> {
        if free.out >= self.most {
            return Err(GpuError::Busy(free.out));
        }
        free.out += 1;
        if let Some(lane) = free.lanes.pop_front() {
            return Ok(lane);
        }
        drop(free);
        // In the place of one whose run was not waited for.
        let bytes = self.size.upload + self.size.readback;
        let made = gpu.watch(bytes, || Lane::new(gpu, self.size));
        made.inspect_err(|_| self.put(None))
    }

    /// Gives a lane back; `None` for one that the device may still be busy
    /// with.
    pub fn put(&self, lane: Option<Lane>) {
        let mut free = self.free();
        free.lanes.extend(lane);
        free.out -= 1;
        let waiting = std::mem::take(&mut free.waiting);
        drop(free);
        self.freed.notify_one();
        // All of them: one that has been dropped meanwhile would take none.
        waiting.into_iter().for_each(Waker::wake);
    }

    fn free(&self) -> MutexGuard<'_, Free> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
