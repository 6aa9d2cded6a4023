//! Runs a plan: buffers, bind groups and pipelines made once, then per run one
//! upload, one pass, one submission (more where the plan says so) and one
//! readback.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::beside::both;
use super::pipelines::Pipeline;
use super::readback::Readback;
use super::recorded::{Recorded, recorded};
use super::shared::Shared;
use super::staging::Staging;
use super::stored::{load, store};
use super::timestamps::Timestamps;
use super::upload::upload_all;
use super::value::Value;
use super::{Gpu, GpuError, Images};
use crate::kernels::Scalar;
use crate::plan::{Output, Plan};
use crate::tensor::Params;

/// A plan on a device, ready to run. Activations go in and out as NHWC with
/// channels padded to quads; [`Session`](crate::session::Session) is the
/// friendlier face of it.
#[derive(Debug)]
pub struct Engine {
    pub(super) gpu: Gpu,
    pub(super) plan: Plan,
    pub(super) shared: Shared,
    slots: Vec<Value>,
    steps: Vec<Recorded>,
    /// Where images wait for the device: one for each run that may be in
    /// flight, taken in turn.
    pub(super) uploads: Vec<Staging>,
    /// Where outputs wait for the host, likewise.
    readbacks: Vec<Readback>,
    pub(super) next: usize,
    /// Runs in flight, oldest first: their turns and submissions.
    pub(super) in_flight: VecDeque<(usize, wgpu::SubmissionIndex)>,
    /// Where outputs that are stored in f16 are widened.
    floats: Vec<f32>,
    setup: EngineSetup,
    pub(super) timestamps: Option<Timestamps>,
}

/// What making an engine took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineSetup {
    /// Making the pipelines that were not there yet, beyond the upload that
    /// goes on meanwhile, and bind groups. Many drivers compile only at the
    /// first run.
    pub pipelines: Duration,
    /// Reading and packing the weights and handing them to the driver.
    pub upload: Duration,
}

impl Engine {
    /// Makes everything that runs will need, and uploads the weights.
    pub fn new(gpu: &Gpu, plan: Plan, params: &Params) -> Result<Self, GpuError> {
        Self::with_in_flight(gpu, plan, params, 1)
    }

    /// The same, where `in_flight` runs, at least one, may be started before
    /// the first is finished; each takes a buffer for its images and one for its
    /// outputs.
    pub fn with_in_flight(
        gpu: &Gpu,
        plan: Plan,
        params: &Params,
        in_flight: usize,
    ) -> Result<Self, GpuError> {
        Self::sharing(gpu, plan, params, in_flight, Shared::default())
    }

    /// An engine beside this one for another plan of the same network, such as
    /// one for images of another size: weights that are packed alike, pipelines
    /// and the memory of activations are there once for both.
    pub fn beside(&self, plan: Plan, params: &Params) -> Result<Self, GpuError> {
        let in_flight = self.readbacks.len();
        Self::sharing(&self.gpu, plan, params, in_flight, self.shared.clone())
    }

    fn sharing(
        gpu: &Gpu,
        plan: Plan,
        params: &Params,
        in_flight: usize,
        shared: Shared,
    ) -> Result<Self, GpuError> {
        let began = Instant::now();
        // A kernel for other subgroups would index by lanes that are not there.
        for variant in plan.kernels() {
            if let Some(lacks) = gpu.profile().lacks(variant.kernel).next() {
                return Err(GpuError::OtherDevice {
                    device: gpu.describe(),
                    kernel: variant.kernel.name,
                    lacks,
                });
            }
        }
        let bytes = plan.activation_bytes() + plan.weight_bytes();
        // Compiling takes about as long as reading and packing.
        let (kernels, uploaded) = both(
            || gpu.warm_up(&gpu.make_pipelines(&plan.kernels())?),
            || {
                let missing = shared.missing(&plan.weights);
                let made = gpu.watch(bytes, || upload_all(gpu, &missing, params))?;
                made.map(|made| (missing, made, began.elapsed()))
            },
        );
        kernels?;
        let (missing, made, upload) = uploaded?;
        let weights = shared.keep_weights(missing.into_iter().zip(made), &plan.weights);
        let (engine, pool) = gpu.watch(bytes, || {
            let pool = shared.pool(gpu, &plan.slots);
            let (shared, slots) = (shared.clone(), pool.taken.clone());
            let made = Self::make(gpu, plan, shared, slots, &weights, in_flight.max(1));
            (made, pool)
        })?;
        let mut engine = engine?;
        // Not before it is known that there was room for all.
        shared.keep_slots(pool);
        engine.setup = EngineSetup {
            pipelines: began.elapsed().saturating_sub(upload),
            upload,
        };
        Ok(engine)
    }

    fn make(
        gpu: &Gpu,
        plan: Plan,
        shared: Shared,
        slots: Vec<Value>,
        weights: &[Value],
        in_flight: usize,
    ) -> Result<Self, GpuError> {
        let steps = recorded(gpu, &plan, &slots, weights)?;
        let upload = |_| Staging::new(gpu, upload_bytes(&plan));
        let readback = |_| Readback::new(gpu, readback_bytes(gpu, &plan));
        Ok(Self {
            gpu: gpu.clone(),
            uploads: (0..in_flight).map(upload).collect(),
            readbacks: (0..in_flight).map(readback).collect(),
            next: 0,
            in_flight: VecDeque::with_capacity(in_flight),
            plan,
            shared,
            slots,
            steps,
            floats: vec![],
            setup: EngineSetup::default(),
            timestamps: None,
        })
    }

    /// What making it took.
    pub fn setup(&self) -> EngineSetup {
        self.setup
    }

    /// Runs that were started and not finished.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Runs that may be in flight.
    pub fn max_in_flight(&self) -> usize {
        self.readbacks.len()
    }

    /// Device memory besides activations and weights: parameters, and buffers
    /// for images and outputs.
    pub fn other_bytes(&self) -> u64 {
        let words = self.plan.steps.iter().map(|s| size_of_val(&s.params[..]));
        let run = upload_bytes(&self.plan) + readback_bytes(&self.gpu, &self.plan);
        words.sum::<usize>() as u64 + run * self.readbacks.len() as u64
    }

    /// Bytes of the weights and of the activations that it shares with the
    /// engines [`beside`](Self::beside) it.
    pub fn shared_bytes(&self) -> (u64, u64) {
        self.shared.bytes()
    }

    /// The plan that it runs.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The device that it runs on.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Starts a run on up to the plan's batch of images, behind those in
    /// flight; [`GpuError::Busy`] where there are as many of them as may be.
    pub fn start<'a>(&mut self, input: impl Into<Images<'a>>) -> Result<(), GpuError> {
        let input = input.into();
        self.admit(input)?;
        if self.in_flight.len() == self.readbacks.len() {
            return Err(GpuError::Busy(self.in_flight.len()));
        }
        let into = self.next;
        let started = || -> Result<_, GpuError> {
            let _turn = self.shared.turn();
            let mut encoder = self.encoder();
            self.upload(&mut encoder, into, input)?;
            for (i, steps) in self.plan.submissions.iter().enumerate() {
                if i > 0 {
                    let full = std::mem::replace(&mut encoder, self.encoder());
                    self.gpu.queue().submit([full.finish()]);
                }
                self.record(&mut encoder, steps.clone(), None);
            }
            let mut at = 0;
            for output in &self.plan.outputs {
                let bytes = output.bytes(self.plan.batch);
                let (slot, readback) = (&self.slots[output.slot], &self.readbacks[into]);
                slot.copy(&mut encoder, readback.buffer(), at, bytes);
                at += slot.place().padded(bytes);
            }
            let submitted = self.gpu.queue().submit([encoder.finish()]);
            self.uploads[into].recycle();
            Ok(submitted)
        };
        let submitted = self.gpu.watch(self.plan.output_bytes(), started)??;
        self.next = (into + 1) % self.readbacks.len();
        self.in_flight.push_back((into, submitted));
        Ok(())
    }

    /// Waits for the oldest run in flight and hands each output's floats, in
    /// the plan's order and for the whole batch, to `read`;
    /// [`GpuError::Idle`] where none is in flight.
    pub fn finish(&mut self, mut read: impl FnMut(usize, &[f32])) -> Result<(), GpuError> {
        let (from, submitted) = self.in_flight.pop_front().ok_or(GpuError::Idle)?;
        let (plan, room) = (&self.plan, &mut self.floats);
        let readback = &self.readbacks[from];
        let storage = self.gpu.profile().storage;
        let bytes = readback_bytes(&self.gpu, plan);
        readback.read(&self.gpu, submitted, bytes, |all| {
            let mut from = 0;
            for (i, output) in plan.outputs.iter().enumerate() {
                let bytes = output.bytes(plan.batch);
                let end = from + bytes as usize;
                read(i, load(&all[from..end], output.scalar, room));
                from += storage.place(output.scalar).padded(bytes) as usize;
            }
        })
    }

    /// Starts a run and finishes it: [`start`](Self::start) and
    /// [`finish`](Self::finish), with nothing else in flight.
    pub fn run<'a>(
        &mut self,
        input: impl Into<Images<'a>>,
        read: impl FnMut(usize, &[f32]),
    ) -> Result<(), GpuError> {
        if !self.in_flight.is_empty() {
            return Err(GpuError::Busy(self.in_flight.len()));
        }
        self.start(input)?;
        self.finish(read)
    }

    /// Runs some steps alone: for verification, which feeds each its own
    /// inputs through [`Engine::write_slot`] and reads
    /// [`Engine::read_slot`].
    pub fn run_steps(&mut self, steps: Range<usize>) -> Result<(), GpuError> {
        self.gpu.watch(0, || {
            let mut encoder = self.encoder();
            self.record(&mut encoder, steps, None);
            self.gpu.queue().submit([encoder.finish()]);
        })
    }

    /// Writes numbers to the start of a slot, stored in `scalar`.
    pub fn write_slot(&self, slot: usize, scalar: Scalar, data: &[f32]) -> Result<(), GpuError> {
        store(data, scalar, |bytes| {
            self.gpu.watch(bytes.len() as u64, || {
                self.slots[slot].write(self.gpu.queue(), 0, bytes)
            })
        })
    }

    /// Reads `count` numbers, whole quads of them that are stored in `scalar`,
    /// from the start of a slot.
    pub fn read_slot(
        &self,
        slot: usize,
        scalar: Scalar,
        count: usize,
    ) -> Result<Vec<f32>, GpuError> {
        let bytes = (count * scalar.bytes()) as u64;
        let mut out = Vec::new();
        let (readback, submitted) = self.gpu.watch(bytes, || {
            let padded = self.slots[slot].place().padded(bytes);
            let readback = Readback::new(&self.gpu, padded);
            let mut encoder = self.encoder();
            self.slots[slot].copy(&mut encoder, readback.buffer(), 0, bytes);
            (readback, self.gpu.queue().submit([encoder.finish()]))
        })?;
        readback.read(&self.gpu, submitted, bytes, |data| {
            out.extend_from_slice(load(data, scalar, &mut vec![]));
        })?;
        Ok(out)
    }

    /// Refuses images in another form than the plan takes, and more of them.
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
        match found as u64 <= most {
            true => Ok(()),
            false => Err(GpuError::InputSize { batch, most, found }),
        }
    }

    /// Hands images over in that turn, and records that they come to their
    /// slot; the upload has to be recycled behind the submission.
    pub(super) fn upload(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        turn: usize,
        images: Images<'_>,
    ) -> Result<(), GpuError> {
        let (upload, bytes) = (&self.uploads[turn], images.bytes());
        if let Err(error) = upload.fill(&self.gpu, bytes) {
            // For the next run.
            upload.recycle();
            return Err(error);
        }
        let slot = &self.slots[self.plan.input.slot];
        slot.fill(encoder, upload.buffer(), bytes.len() as u64);
        Ok(())
    }

    pub(super) fn encoder(&self) -> wgpu::CommandEncoder {
        let descriptor = wgpu::CommandEncoderDescriptor::default();
        self.gpu.device().create_command_encoder(&descriptor)
    }

    /// One pass with those steps in that order, between two timestamps if
    /// wanted.
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
}

/// Bytes of a buffer for images, in whole rows where they go to a texture.
fn upload_bytes(plan: &Plan) -> u64 {
    let input = &plan.input;
    let bytes = input.form.bytes(plan.batch, input.shape);
    plan.slots[input.slot].place.padded(bytes)
}

/// Bytes of a readback buffer: all outputs, one after the other, in whole rows
/// where they come from textures.
fn readback_bytes(gpu: &Gpu, plan: &Plan) -> u64 {
    let storage = gpu.profile().storage;
    let bytes = |o: &Output| storage.place(o.scalar).padded(o.bytes(plan.batch));
    plan.outputs.iter().map(bytes).sum()
}
