//! The lanes of an engine: runs take turns on them, and give them back.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::sleep;
use std::time::Duration;
use web_time::Instant;

use super::lane::{Lane, LaneSize, Marks};
use super::mapping::Mapping;
use super::poller::Awaited;
use super::staging::MARK;
use super::{Gpu, GpuError};

/// Runs in flight, at most: each has memory of its own, and more of them than this
/// would only wait for each other.
pub(crate) const MOST_IN_FLIGHT: usize = 64;

/// How long to wait for others' runs to end.
const PATIENCE: Duration = Duration::from_secs(600);

/// Between two looks at runs that nobody waits for.
const BETWEEN: Duration = Duration::from_micros(200);

/// As many runs as there are lanes may be in flight.
#[derive(Debug)]
pub(super) struct Lanes {
    size: LaneSize,
    most: usize,
    /// Where the application submits the commands of runs.
    marks: Option<Marks>,
    free: Mutex<Free>,
    freed: Condvar,
}

#[derive(Debug)]
struct Free {
    lanes: VecDeque<Lane>,
    /// Those that runs have, and those below.
    out: usize,
    /// Of runs that were dropped, while the device may still write to them: so
    /// that no more work is on the device than may be.
    draining: Vec<Draining>,
    /// Tasks that await one.
    waiting: Vec<Waker>,
    /// The last run's number.
    number: u32,
}

#[derive(Debug)]
struct Draining {
    lane: Lane,
    /// Whether its outputs are to be mapped.
    asked: bool,
    /// While a task awaits it.
    awaited: Vec<Awaited>,
}

impl Draining {
    /// Whether it is whole or broken, if the device is done with it.
    fn over(&self, gpu: &Gpu) -> Option<bool> {
        for mapping in self.mappings() {
            match mapping.look(gpu) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(_) => return Some(false),
            }
        }
        Some(!self.asked || self.lane.readback.unmap(gpu).is_ok())
    }

    /// What the device has yet to be done with.
    fn mappings(&self) -> impl Iterator<Item = &Mapping> {
        let asked = self.asked.then(|| self.lane.readback.mapping());
        [Some(self.lane.upload.mapping()), asked]
            .into_iter()
            .flatten()
    }
}

impl Lanes {
    pub fn new(gpu: &Gpu, size: LaneSize, most: usize) -> Arc<Self> {
        let most = most.clamp(1, MOST_IN_FLIGHT);
        Arc::new(Self {
            size,
            most,
            marks: (size.slices > 0).then(|| Marks::new(gpu, size.slices)),
            free: Mutex::new(Free {
                lanes: (0..most).map(|_| Lane::new(gpu, size)).collect(),
                out: 0,
                draining: vec![],
                waiting: vec![],
                number: 0,
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
        let size = self.size;
        let results = match size.slices {
            0 => 0,
            _ => size.readback,
        };
        let marks = 2 * MARK * size.slices as u64;
        marks + (size.upload_all() + size.readback_all() + results) * self.most as u64
    }

    /// What tells runs apart whose commands the application submits.
    pub fn marks(&self) -> Option<&Marks> {
        self.marks.as_ref()
    }

    /// Where a run's number is in its images' and in its outputs' buffer.
    pub fn mark_at(&self) -> (u64, u64) {
        (self.size.upload, self.size.readback)
    }

    /// Another number than any run's before, of four thousand million.
    pub fn number(&self) -> u32 {
        let mut free = self.free();
        free.number = free.number.wrapping_add(1);
        free.number
    }

    /// Whether a lane is free. It looks, and returns at once.
    pub fn has_room(&self, gpu: &Gpu) -> bool {
        self.swept(gpu).out < self.most
    }

    /// A lane, where one is free.
    pub fn take(&self, gpu: &Gpu) -> Result<Lane, GpuError> {
        self.take_from(self.swept(gpu), gpu)
    }

    /// The same, after a while where none is free. Whoever holds all of them
    /// in the same thread waits in vain.
    pub fn wait(&self, gpu: &Gpu) -> Result<Lane, GpuError> {
        let began = Instant::now();
        let mut free = self.swept(gpu);
        if free.out >= self.most {
            gpu.begin_wait()?;
        }
        while free.out >= self.most && began.elapsed() < PATIENCE {
            if free.draining.is_empty() {
                let waited = self.freed.wait_timeout(free, PATIENCE);
                drop(waited.unwrap_or_else(PoisonError::into_inner));
            } else {
                drop(free);
                sleep(BETWEEN);
            }
            free = self.swept(gpu);
        }
        self.take_from(free, gpu)
    }

    /// The same for a task, which is woken when one may be free.
    pub fn poll(self: &Arc<Self>, gpu: &Gpu, task: &Context<'_>) -> Poll<Result<Lane, GpuError>> {
        loop {
            let mut free = self.swept(gpu);
            if free.out < self.most {
                return Poll::Ready(self.take_from(free, gpu));
            }
            if !free.waiting.iter().any(|w| w.will_wake(task.waker())) {
                free.waiting.push(task.waker().clone());
            }
            // Nobody awaits those that drain. All tasks do, whichever of them is
            // still there then.
            let all = Waker::from(Arc::clone(self));
            let all = Context::from_waker(&all);
            let mut over = false;
            for draining in &mut free.draining {
                let mut awaited = std::mem::take(&mut draining.awaited);
                awaited.clear();
                for mapping in draining.mappings() {
                    if mapping.poll(gpu, &all).is_pending() {
                        awaited.push(gpu.awaits(mapping)?);
                    }
                }
                over |= awaited.is_empty();
                draining.awaited = awaited;
            }
            // One may be over since it was looked at.
            if !over {
                return Poll::Pending;
            }
        }
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
        // In the place of one that broke.
        let bytes = self.size.upload_all() + self.size.readback_all();
        let made = gpu.watch(bytes, || Lane::new(gpu, self.size));
        made.inspect_err(|_| self.lose())
    }

    /// Gives a lane back whose outputs have been read.
    pub fn give(&self, gpu: &Gpu, lane: Lane) {
        match lane.upload.mapping().look(gpu) {
            Ok(true) => self.change(|free| {
                free.lanes.push_back(lane);
                free.out -= 1;
            }),
            Ok(false) => self.drain(lane, false),
            Err(_) => self.lose(),
        }
    }

    /// A lane that was taken does not come back; another will be made for it.
    pub fn lose(&self) {
        self.change(|free| free.out -= 1);
    }

    /// Gives a lane back that the device may still write to. `asked` is whether
    /// its outputs are to be mapped.
    pub fn drain(&self, lane: Lane, asked: bool) {
        let draining = Draining {
            lane,
            asked,
            awaited: vec![],
        };
        self.change(|free| free.draining.push(draining));
    }

    /// Changes what is free, and tells all who wait.
    fn change(&self, change: impl FnOnce(&mut Free)) {
        let mut free = self.free();
        change(&mut free);
        let waiting = std::mem::take(&mut free.waiting);
        drop(free);
        self.freed.notify_all();
        // All of them: one that has been dropped meanwhile would take none.
        waiting.into_iter().for_each(Waker::wake);
    }

    /// What is free, with what the device is done with by now.
    fn swept(&self, gpu: &Gpu) -> MutexGuard<'_, Free> {
        let free = self.free();
        if free.draining.is_empty() {
            return free;
        }
        drop(free);
        // No lock is held: callbacks come from here. Errors show in the mappings.
        let _ = gpu.poll(wgpu::PollType::Poll);
        let mut free = self.free();
        let draining = std::mem::take(&mut free.draining);
        let mut over = false;
        for lane in draining {
            match lane.over(gpu) {
                None => free.draining.push(lane),
                Some(whole) => {
                    over = true;
                    free.out -= 1;
                    free.lanes.extend(whole.then_some(lane.lane));
                }
            }
        }
        if !over {
            return free;
        }
        drop(free);
        self.change(|_| {});
        self.free()
    }

    fn free(&self) -> MutexGuard<'_, Free> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes all tasks that await a lane.
impl Wake for Lanes {
    fn wake(self: Arc<Self>) {
        self.change(|_| {});
    }
}
