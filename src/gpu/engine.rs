//! A plan on a device: buffers, bind groups and pipelines made once, for any
//! number of runs.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use web_time::Instant;

use super::beside::both;
use super::lane::LaneSize;
use super::lanes::Lanes;
use super::recorded::{Recorded, recorded};
use super::shared::Shared;
use super::timestamps::Timestamps;
use super::upload::upload_all;
use super::value::Value;
use super::{Calling, Gpu, GpuError};
use crate::kernels::Scalar;
use crate::monitor::Monitor;
use crate::plan::{Output, Plan};
use crate::tensor::Params;

/// A plan on a device, ready to run. Activations go in and out as NHWC with
/// channels padded to quads; [`Session`](crate::session::Session) is the
/// friendlier face of it. Any number of threads may run it; their runs follow
/// each other on the device.
#[derive(Debug)]
pub struct Engine {
    pub(super) gpu: Gpu,
    pub(super) plan: Arc<Plan>,
    pub(super) shared: Shared,
    pub(super) slots: Vec<Value>,
    pub(super) steps: Vec<Recorded>,
    pub(super) lanes: Arc<Lanes>,
    setup: EngineSetup,
    pub(super) timestamps: Mutex<Option<Timestamps>>,
}

/// How an engine is made.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Runs that may be started before the first is finished, at least one; each
    /// takes a buffer for its images and one for its outputs.
    pub in_flight: usize,
    /// Watches it, and may cancel it.
    pub monitor: Monitor,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            in_flight: 1,
            monitor: Monitor::default(),
        }
    }
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
        Self::with_options(gpu, plan, params, &EngineOptions::default())
    }

    /// The same, where several runs may be in flight, or somebody watches.
    pub fn with_options(
        gpu: &Gpu,
        plan: Plan,
        params: &Params,
        options: &EngineOptions,
    ) -> Result<Self, GpuError> {
        Self::sharing(gpu, plan, params, (options, false), Shared::default())
    }

    /// An engine beside this one for another plan of the same network, such as
    /// one for images of another size: weights that are packed alike, pipelines
    /// and the memory of activations are there once for both.
    pub fn beside(&self, plan: Plan, params: &Params) -> Result<Self, GpuError> {
        let options = EngineOptions {
            in_flight: self.lanes.most(),
            ..EngineOptions::default()
        };
        let shared = self.shared.clone();
        Self::sharing(&self.gpu, plan, params, (&options, false), shared)
    }

    /// The same plan with memory of its own but for the weights, for so many runs
    /// in flight, whose outputs stay on the device as well.
    pub(crate) fn apart(&self, in_flight: usize) -> Result<Self, GpuError> {
        let options = EngineOptions {
            in_flight,
            ..EngineOptions::default()
        };
        let (plan, none) = (Plan::clone(&self.plan), Params::default());
        // All weights are there.
        let shared = self.shared.apart();
        Self::sharing(&self.gpu, plan, &none, (&options, true), shared)
    }

    fn sharing(
        gpu: &Gpu,
        plan: Plan,
        params: &Params,
        (options, results): (&EngineOptions, bool),
        shared: Shared,
    ) -> Result<Self, GpuError> {
        let _calling = gpu.caller().is(shared.late());
        let monitor = &options.monitor;
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
            || gpu.warm_up(&gpu.make_pipelines(&plan.kernels(), monitor)?),
            || {
                let missing = shared.missing(&plan.weights);
                let made = gpu.watch(bytes, || upload_all(gpu, &missing, params, monitor))?;
                made.map(|made| (missing, made, began.elapsed()))
            },
        );
        kernels?;
        let (missing, made, upload) = uploaded?;
        let weights = shared.keep_weights(missing.into_iter().zip(made), &plan.weights);
        let (engine, pool) = gpu.watch(bytes, || {
            let pool = shared.pool(gpu, &plan.slots);
            let (shared, slots) = (shared.clone(), pool.taken.clone());
            let lanes = (options.in_flight, results);
            let made = Self::make(gpu, plan, shared, slots, &weights, lanes);
            (made, pool)
        })?;
        let mut engine = engine?;
        gpu.still_there()?;
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
        (in_flight, results): (usize, bool),
    ) -> Result<Self, GpuError> {
        let steps = recorded(gpu, &plan, &slots, weights)?;
        let size = LaneSize {
            upload: upload_bytes(&plan).next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT),
            readback: readback_bytes(gpu, &plan),
            halves: halves(&plan),
            // One to take the picture in, then at most one a step.
            slices: usize::from(results) * (plan.steps.len() + 1),
        };
        Ok(Self {
            gpu: gpu.clone(),
            lanes: Lanes::new(gpu, size, in_flight),
            plan: Arc::new(plan),
            shared,
            slots,
            steps,
            setup: EngineSetup::default(),
            timestamps: Mutex::default(),
        })
    }

    /// What making it took.
    pub fn setup(&self) -> EngineSetup {
        self.setup
    }

    /// Runs that were started and not finished.
    pub fn in_flight(&self) -> usize {
        self.lanes.out()
    }

    /// Runs that may be in flight.
    pub fn max_in_flight(&self) -> usize {
        self.lanes.most()
    }

    /// Device memory besides activations and weights: parameters, and buffers
    /// for images and outputs.
    pub fn other_bytes(&self) -> u64 {
        let words = self.plan.steps.iter().map(|s| size_of_val(&s.params[..]));
        words.sum::<usize>() as u64 + self.lanes.bytes()
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

    /// Until what this returns is dropped, a browser's late errors are for its runs.
    pub(crate) fn calling(&self) -> Calling<'_> {
        self.gpu.caller().is(self.shared.late())
    }
}

/// Bytes of a buffer for images, in whole rows where they go to a texture.
fn upload_bytes(plan: &Plan) -> u64 {
    let input = &plan.input;
    let bytes = input.form.bytes(plan.batch, input.shape);
    plan.slots[input.slot].place.padded(bytes)
}

/// Numbers of the largest output that is stored in f16.
fn halves(plan: &Plan) -> usize {
    let halves = plan.outputs.iter().filter(|o| o.scalar == Scalar::F16);
    let numbers = halves.map(|o| o.bytes(plan.batch) as usize / Scalar::F16.bytes());
    numbers.max().unwrap_or(0)
}

/// Bytes of a readback buffer: all outputs, one after the other, in whole rows
/// where they come from textures.
fn readback_bytes(gpu: &Gpu, plan: &Plan) -> u64 {
    let storage = gpu.profile().storage;
    let bytes = |o: &Output| storage.place(o.scalar).padded(o.bytes(plan.batch));
    plan.outputs.iter().map(bytes).sum()
}
