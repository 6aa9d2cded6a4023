//! Records a run: one upload, one pass, and the copies of its outputs.

use std::ops::Range;
use std::sync::Arc;

use super::frame::Claim;
use super::intake::Intake;
use super::panics::catch_panic;
use super::pipelines::Pipeline;
use super::{Executable, Flight, GpuError, Images};

impl Executable {
    /// Checks that the images have the form that the plan expects, and are no more than its batch.
    pub(super) fn admit(&self, images: Images<'_>) -> Result<(), GpuError> {
        let (form, batch) = (&self.plan.input.form, self.plan.batch);
        if !images.have(form) {
            return Err(GpuError::InputForm {
                expected: form.name(),
                found: images.name(),
            });
        }
        let (found, most) = (
            images.bytes().len(),
            form.bytes(batch, self.plan.input.shape),
        );
        if found as u64 <= most {
            Ok(())
        } else {
            Err(GpuError::InputSize { batch, most, found })
        }
    }

    /// Records the transfer of a run's images into their slot.
    pub(super) fn take_in(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        claim: &Claim,
        intake: Intake<'_>,
        number: Option<u32>,
    ) -> Result<(), GpuError> {
        let slot = &self.slots[self.plan.input.slot];
        let upload = &claim.frame().ok_or(GpuError::Idle)?.upload;
        let bytes = match intake {
            Intake::Host(images) => images.bytes(),
            Intake::Device(_) => &[],
        };
        if !bytes.is_empty() || number.is_some() {
            upload.fill(self.handles(), bytes, number)?;
        }
        match intake {
            Intake::Host(_) => {
                self.handles().count_upload(bytes.len());
                slot.fill(encoder, upload.buffer(), bytes.len() as u64);
            }
            Intake::Device(picture) => {
                let arrival = slot.buffer().ok_or(GpuError::InputForm {
                    expected: "bytes in a buffer",
                    found: "a texture of floats",
                })?;
                picture.record(encoder, arrival);
            }
        }
        if let (Some(counters), true) = (self.frames.counters(), number.is_some()) {
            let (at, _) = self.frames.mark_offsets();
            counters.begin(encoder, upload.buffer(), at);
        }
        if !bytes.is_empty() || number.is_some() {
            upload.recycle(encoder, claim.another());
        }
        Ok(())
    }

    /// Records the copies of a run's outputs to the host's readback buffer and, if wanted, to the
    /// buffer that the application's shaders read. `slices` is the number of slices recorded
    /// before.
    pub(super) fn give_out(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        claim: &Claim,
        slices: usize,
    ) -> Result<(), GpuError> {
        let frame = claim.frame().ok_or(GpuError::Idle)?;
        let (mut at, readback) = (0, frame.readback.buffer());
        for output in &self.plan.outputs {
            let bytes = output.bytes(self.plan.batch);
            let slot = &self.slots[output.slot];
            let buffers = [Some(readback), frame.results.as_ref()];
            for into in buffers.into_iter().flatten() {
                slot.copy(encoder, into, at, bytes);
            }
            at += slot.memory_kind().padded(bytes);
        }
        if let Some(counters) = self.frames.counters() {
            let (_, at) = self.frames.mark_offsets();
            counters.end(encoder, slices, readback, at);
        }
        (frame.readback).map(encoder, readback.size(), claim.another());
        Ok(())
    }

    /// Records one pass with `steps` in their order, between two timestamps if given.
    pub(super) fn record(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        steps: impl IntoIterator<Item = usize>,
        timestamps: Option<wgpu::ComputePassTimestampWrites<'_>>,
    ) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
            label: None,
            timestamp_writes: timestamps,
        });
        let mut current: Option<&Arc<Pipeline>> = None;
        for step in steps {
            let step = &self.steps[step];
            if !current.is_some_and(|p| Arc::ptr_eq(p, &step.pipeline)) {
                pass.set_pipeline(&step.pipeline.pipeline);
                current = Some(&step.pipeline);
            }
            pass.set_bind_group(0, &step.bind_group, &[]);
            let [x, y, z] = step.grid;
            pass.dispatch_workgroups(x, y, z);
        }
    }

    /// Records a part of a run into the application's encoder: the images if given, some steps, and
    /// the outputs after the plan's last step.
    pub(crate) fn record_part(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        flight: &mut Flight,
        intake: Option<Intake<'_>>,
        steps: Range<usize>,
    ) -> Result<(), GpuError> {
        let is_last = steps.end == self.plan.steps.len();
        // On a lost device, none of these calls would have an effect, and the error would appear
        // only at the application's own encoder.
        self.handles().check_lost()?;
        let number = intake.is_some().then(|| self.frames.next_number());
        let slices = flight.next_slice(number);
        let claim = flight.claim()?;
        let record = || -> Result<(), GpuError> {
            if let Some(intake) = intake {
                self.take_in(encoder, claim, intake, number)?;
            } else if let Some(counters) = self.frames.counters() {
                counters.carry(encoder, slices);
            }
            if !steps.is_empty() {
                self.record(encoder, steps, None);
            }
            if is_last {
                self.give_out(encoder, claim, slices)?;
            }
            Ok(())
        };
        let recorded = self.handles().watch(0, || catch_panic(record));
        let recorded =
            recorded.and_then(|recorded| recorded.unwrap_or(Err(GpuError::OtherInstance)));
        recorded.inspect_err(|_| flight.give_up())
    }

    /// Records and submits a whole run, with one submission for each submission of the plan.
    /// Returns the number of the last submission.
    pub(super) fn submit_run(&self, claim: &Claim, intake: Intake<'_>) -> Result<u64, GpuError> {
        let _turn = self.engine.workspace().turn();
        let handles = self.handles();
        let mut encoder = handles.encoder();
        self.take_in(&mut encoder, claim, intake, None)?;
        for (i, steps) in self.plan.submissions.iter().enumerate() {
            if i > 0 {
                let full = std::mem::replace(&mut encoder, handles.encoder());
                handles.queue().submit([full.finish()]);
            }
            self.record(&mut encoder, Range::clone(steps), None);
        }
        self.give_out(&mut encoder, claim, 0)?;
        Ok(handles.submit(encoder.finish()))
    }
}
