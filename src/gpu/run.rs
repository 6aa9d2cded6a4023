//! Runs in flight.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::intake::Intake;
use super::lane::Lane;
use super::lanes::Lanes;
use super::late::Listener;
use super::poller::Awaited;
use super::stored::load;
use super::{Engine, Gpu, GpuError, Images};
use crate::plan::Plan;

/// A run that was started. Its outputs are there when it is finished; dropped
/// before, they are lost, and nobody waits for them.
#[derive(Debug)]
#[must_use = "a run that is dropped gives nothing"]
pub struct Run {
    gpu: Gpu,
    plan: Arc<Plan>,
    lanes: Arc<Lanes>,
    /// Until it is finished.
    lane: Option<Lane>,
    /// `None` where the application submits it.
    submitted: Option<wgpu::SubmissionIndex>,
    /// Whether its outputs are to be mapped.
    asked: bool,
    /// Of one that the application submits: its number, and slices behind the
    /// first.
    number: Option<u32>,
    slices: usize,
    /// While a task awaits it.
    awaited: Option<Awaited>,
    late: Listener,
}

impl Engine {
    /// Starts a run on up to the plan's batch of images, behind those in
    /// flight; [`GpuError::Busy`] where there are as many of them as may be.
    pub fn start<'a>(&self, input: impl Into<Images<'a>>) -> Result<Run, GpuError> {
        let input = input.into();
        self.admit(input)?;
        let lane = self.lane_now()?;
        self.start_on(lane, Intake::Host(input))
    }

    /// The same, after a while where as many are in flight as may be: for
    /// threads that share an engine. A thread that holds all of them itself
    /// waits in vain, ten minutes.
    pub fn start_in_turn<'a>(&self, input: impl Into<Images<'a>>) -> Result<Run, GpuError> {
        let input = input.into();
        self.admit(input)?;
        let lane = self.lane_in_turn()?;
        self.start_on(lane, Intake::Host(input))
    }

    /// Starts a run and finishes it.
    pub fn run<'a>(
        &self,
        input: impl Into<Images<'a>>,
        read: impl FnMut(usize, &[f32]),
    ) -> Result<(), GpuError> {
        self.start_in_turn(input)?.finish(read)
    }

    /// A lane for a task, when there is one.
    pub(crate) async fn lane(&self) -> Result<Lane, GpuError> {
        std::future::poll_fn(|task| self.lanes.poll(&self.gpu, task)).await
    }

    /// Whether another run can be started.
    pub(crate) fn has_room(&self) -> bool {
        self.lanes.has_room(&self.gpu)
    }

    /// A lane now, or [`GpuError::Busy`].
    pub(crate) fn lane_now(&self) -> Result<Lane, GpuError> {
        self.lanes.take(&self.gpu)
    }

    /// A lane, after a while.
    pub(crate) fn lane_in_turn(&self) -> Result<Lane, GpuError> {
        self.lanes.wait(&self.gpu)
    }

    /// Starts a run on that lane.
    pub(crate) fn start_on(&self, lane: Lane, intake: Intake<'_>) -> Result<Run, GpuError> {
        let _calling = self.calling();
        // The run has the lane from here on, whatever comes.
        let mut run = self.begun(lane);
        let bytes = self.plan.output_bytes();
        let lane = run.lane.as_ref().ok_or(GpuError::Idle)?;
        let submitted = (self.gpu).watch(bytes, || self.submit_run(lane, intake));
        match submitted.flatten() {
            Ok(submitted) => {
                (run.submitted, run.asked) = (Some(submitted), true);
                Ok(run)
            }
            Err(error) => {
                run.give_up();
                Err(error)
            }
        }
    }

    /// A run that has a lane and no commands yet.
    pub(crate) fn begun(&self, lane: Lane) -> Run {
        Run {
            gpu: self.gpu.clone(),
            plan: Arc::clone(&self.plan),
            lanes: Arc::clone(&self.lanes),
            lane: Some(lane),
            submitted: None,
            asked: false,
            number: None,
            slices: 0,
            awaited: None,
            late: self.shared.late().listen(),
        }
    }
}

impl Run {
    /// What it has to itself.
    pub(super) fn lane(&self) -> Result<&Lane, GpuError> {
        self.lane.as_ref().ok_or(GpuError::Idle)
    }

    /// Gives its lane up, after an error: who knows what it waits for.
    pub(super) fn give_up(&mut self) {
        if self.lane.take().is_some() {
            self.lanes.lose();
        }
    }

    /// Where its outputs stay on the device.
    pub(crate) fn results(&self) -> Option<&wgpu::Buffer> {
        self.lane.as_ref()?.results.as_ref()
    }

    /// Counts a slice, the first of which has a number; gives how many are behind
    /// the first.
    pub(super) fn next_slice(&mut self, number: Option<u32>, last: bool) -> usize {
        match number {
            Some(_) => (self.number, self.slices) = (number, 0),
            None => self.slices += 1,
        }
        self.asked |= last;
        self.slices
    }

    /// Whether [`finish`](Self::finish) would not wait. It looks, and returns at
    /// once.
    pub fn is_ready(&self) -> Result<bool, GpuError> {
        let mapping = self.lane()?.readback.mapping();
        if !self.late.look()? {
            return Ok(false);
        }
        if mapping.look(&self.gpu)? {
            return Ok(true);
        }
        self.gpu.poll(wgpu::PollType::Poll)?;
        mapping.look(&self.gpu)
    }

    /// Whether [`finish`](Self::finish) would not wait; else the task is woken
    /// when that is so. The device is polled meanwhile, by a thread of the
    /// [`Gpu`]'s (the browser does it by itself).
    pub fn poll_ready(&mut self, task: &Context<'_>) -> Poll<Result<(), GpuError>> {
        let Some(lane) = &self.lane else {
            return Poll::Ready(Err(GpuError::Idle));
        };
        // It says more than that a mapping failed, and one that did not may be of
        // commands that were refused.
        if self.late.poll(task)?.is_pending() {
            return Poll::Pending;
        }
        let mapping = lane.readback.mapping();
        let polled = mapping.poll(&self.gpu, task);
        match polled {
            Poll::Pending if self.awaited.is_none() => {
                self.awaited = Some(self.gpu.awaits(mapping)?);
            }
            Poll::Pending => {}
            Poll::Ready(_) => self.awaited = None,
        }
        polled
    }

    /// Waits for the run and hands each output's floats, in the plan's order and
    /// for the whole batch, to `read`.
    pub fn finish(mut self, mut read: impl FnMut(usize, &[f32])) -> Result<(), GpuError> {
        // Where this or `read` fails, dropping the run takes care of its lane.
        self.read(&mut read)?;
        let lane = self.lane.take().ok_or(GpuError::Idle)?;
        self.lanes.give(&self.gpu, lane);
        Ok(())
    }

    fn read(&mut self, read: &mut dyn FnMut(usize, &[f32])) -> Result<(), GpuError> {
        if !self.late.look()? {
            self.gpu.begin_wait()?;
        }
        let (gpu, plan) = (&self.gpu, &self.plan);
        let Lane {
            readback, floats, ..
        } = self.lane.as_mut().ok_or(GpuError::Idle)?;
        let storage = gpu.profile().storage;
        let (_, mark) = self.lanes.mark_at();
        let number = self.number.map(u32::to_le_bytes);
        let mut submitted = true;
        let show = |all: &[u8]| {
            let mut from = 0;
            if let Some(number) = number {
                submitted = all[mark as usize..] == number;
            }
            for (i, output) in plan.outputs.iter().enumerate().filter(|_| submitted) {
                let bytes = output.bytes(plan.batch);
                let end = from + bytes as usize;
                read(i, load(&all[from..end], output.scalar, floats));
                from += storage.place(output.scalar).padded(bytes) as usize;
            }
        };
        let bytes = readback.buffer().size();
        match &self.submitted {
            Some(submitted) => readback.read(gpu, submitted.clone(), bytes, show)?,
            None => {
                readback.mapping().wait_for_application(gpu)?;
                readback.show(gpu, bytes, show)?;
            }
        }
        // It is the host's no more.
        self.asked = false;
        // Outputs of another run lay there.
        match submitted {
            true => Ok(()),
            false => Err(GpuError::NotSubmitted),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Some(lane) = self.lane.take() {
            // The device may still write to it.
            self.lanes.drain(lane, self.asked);
        }
    }
}
