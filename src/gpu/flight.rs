//! Runs in flight.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};

use super::frame::{Claim, Frame, Frames};
use super::intake::Intake;
use super::permits::Permit;
use super::poller::PollRequest;
use super::reports::Reports;
use super::scalar_bytes::load;
use super::waiting::is_thread;
use super::{Executable, Gpu, GpuError, Images};
use crate::plan::Plan;

/// A run in flight, with the resources that it owns. A run that is dropped is
/// lost, and nobody waits for it.
#[must_use = "a run that is dropped is lost"]
pub struct Flight {
    gpu: Gpu,
    plan: Arc<Plan>,
    frames: Arc<Frames>,
    /// Until the outputs are read.
    claim: Option<Claim>,
    /// The number of the submission; `None` if the application submits the run.
    submitted: Option<u64>,
    /// The number of a run that the application submits.
    number: Option<u32>,
    /// Slices after the first that have been recorded.
    slices: usize,
    /// While a task awaits the run.
    poll_request: Option<PollRequest>,
    pub(super) reports: Reports,
}

/// Not its plan and its buffers, which are long.
impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight")
            .field("submitted", &self.submitted)
            .finish_non_exhaustive()
    }
}

impl Executable {
    /// Starts a run after those in flight.
    pub(crate) fn start(&self, permit: Permit, intake: Intake<'_>) -> Result<Flight, GpuError> {
        let mut flight = self.begin(permit)?;
        let Flight { claim, reports, .. } = &mut flight;
        let claim = claim.as_ref().ok_or(GpuError::Idle)?;
        let submit = || self.submit_run(claim, intake);
        let bytes = self.plan.output_bytes();
        let submitted = self.handles().watch_later(bytes, reports, submit)??;
        flight.submitted = Some(submitted);
        Ok(flight)
    }

    /// A run that has a frame and no commands yet.
    pub(crate) fn begin(&self, permit: Permit) -> Result<Flight, GpuError> {
        Ok(Flight {
            gpu: self.gpu().clone(),
            plan: Arc::clone(&self.plan),
            frames: Arc::clone(&self.frames),
            claim: Some(self.frames.claim(self.handles(), permit)?),
            submitted: None,
            number: None,
            slices: 0,
            poll_request: None,
            reports: Reports::default(),
        })
    }

    /// Runs up to the plan's batch of images, and passes each output's floats to
    /// `read`: for the whole batch, with padded channels, in the plan's order.
    ///
    /// # Errors
    /// [`GpuError::InputForm`] and [`GpuError::InputSize`] for other images;
    /// [`GpuError::Lost`].
    pub fn run<'a>(
        &self,
        images: impl Into<Images<'a>>,
        read: impl FnMut(usize, &[f32]),
    ) -> Result<(), GpuError> {
        let images = images.into();
        self.admit(images)?;
        let permit = self.gpu().block_on(self.engine.permits().acquire())??;
        self.start(permit, Intake::Host(images))?.finish(read)
    }
}

impl Flight {
    fn frame(&self) -> Result<&Frame, GpuError> {
        let claim = self.claim.as_ref().and_then(Claim::frame);
        claim.ok_or(GpuError::Idle)
    }

    pub(super) fn claim(&self) -> Result<&Claim, GpuError> {
        self.claim.as_ref().ok_or(GpuError::Idle)
    }

    /// Gives the frame up, after an error.
    pub(super) fn give_up(&mut self) {
        self.claim = None;
    }

    /// The outputs on the device, the logits first; only of a run that the
    /// application submits.
    pub(crate) fn results(&self) -> Option<&wgpu::Buffer> {
        self.frame().ok()?.results.as_ref()
    }

    /// Counts a slice, the first of which has a number. Returns how many follow
    /// the first.
    pub(super) fn next_slice(&mut self, number: Option<u32>) -> usize {
        if number.is_some() {
            (self.number, self.slices) = (number, 0);
        } else {
            self.slices += 1;
        }
        self.slices
    }

    /// Completes when the outputs can be read without waiting. The device is
    /// polled meanwhile by a thread of the [`Gpu`]; a browser polls by itself.
    pub fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), GpuError>> {
        // A refused submission says more than a mapping that fails.
        if self.reports.poll(task)?.is_pending() {
            return Poll::Pending;
        }
        let handles = self.gpu.handles();
        let signal = self.frame()?.readback.signal();
        let mut polled = signal.poll(handles, task);
        if polled.is_pending() && is_thread(task) {
            handles.look()?;
            polled = signal.poll(handles, task);
        } else if polled.is_pending() && self.poll_request.is_none() {
            self.poll_request = Some(self.gpu.poll_for(signal)?);
        }
        if polled.is_ready() {
            self.poll_request = None;
        }
        polled
    }

    /// Waits for the run, and passes each output's floats to `read`: for the whole
    /// batch, with padded channels, in the plan's order.
    pub fn finish(mut self, mut read: impl FnMut(usize, &[f32])) -> Result<(), GpuError> {
        let gpu = self.gpu.clone();
        let is_own = self.submitted.is_some();
        let ready = poll_fn(|task| self.poll_ready(task));
        match gpu.block_on(ready) {
            Err(GpuError::Stuck) if !is_own => return Err(GpuError::NotSubmitted),
            ready => ready??,
        }
        let (plan, frame) = (&self.plan, self.frame()?);
        let mut floats = frame.floats.lock().unwrap_or_else(PoisonError::into_inner);
        let storage = gpu.profile().storage;
        let (_, mark) = self.frames.mark_offsets();
        let number = self.number.map(u32::to_le_bytes);
        let mut is_ours = true;
        let show = |all: &[u8]| {
            let mut from = 0;
            if let Some(number) = number {
                is_ours = all[mark as usize..] == number;
            }
            for (i, output) in plan.outputs.iter().enumerate().filter(|_| is_ours) {
                let bytes = output.bytes(plan.batch);
                let end = from + bytes as usize;
                read(i, load(&all[from..end], output.scalar, &mut floats));
                from += storage.memory_kind(output.scalar).padded(bytes) as usize;
            }
        };
        let bytes = frame.readback.buffer().size();
        frame.readback.show(gpu.handles(), bytes, show)?;
        drop(floats);
        if let Some(number) = self.submitted {
            gpu.handles().complete(number);
        }
        self.claim = None;
        // Otherwise the outputs of another run lay there.
        if is_ours {
            Ok(())
        } else {
            Err(GpuError::NotSubmitted)
        }
    }
}
