//! A plan on a device: buffers, bind groups and pipelines, created once for any
//! number of runs.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::bound_dispatch::{BoundDispatch, bound_dispatches};
use super::frame::{FrameSize, Frames};
use super::timestamps::Timestamps;
use super::value::Value;
use super::{Engine, Gpu, GpuError, Handles};
use crate::kernels::Scalar;
use crate::plan::{Plan, PlanOutput};
use crate::tensor::Params;

/// A plan on a device, ready to run. Activations go in and out as `[N, H, W, C]`
/// with channels padded to quads; [`Session`](crate::session::Session) hides the
/// padding. Any number of threads may run it. Their runs follow each other on the
/// device.
pub struct Executable {
    pub(super) engine: Engine,
    pub(super) plan: Arc<Plan>,
    pub(super) slots: Vec<Value>,
    pub(super) steps: Vec<BoundDispatch>,
    pub(super) frames: Arc<Frames>,
    pub(super) timestamps: Mutex<Option<Timestamps>>,
    load_times: LoadTimes,
}

/// The time that loading a plan took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadTimes {
    /// Creating pipelines that did not exist yet, beyond the upload that goes on
    /// meanwhile, and bind groups. Many drivers compile only at the first run.
    pub pipelines: Duration,
    /// Reading and packing the weights and handing them to the driver.
    pub upload: Duration,
}

/// Not its plan and its buffers, which are long.
impl fmt::Debug for Executable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executable")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

impl Executable {
    pub(super) fn new(
        engine: &Engine,
        plan: Plan,
        slots: &[Value],
        weights: &[Value],
    ) -> Result<Self, GpuError> {
        let gpu = engine.gpu();
        let steps = bound_dispatches(gpu, &plan, slots, weights)?;
        let size = FrameSize {
            upload: upload_bytes(&plan).next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT),
            readback: readback_bytes(gpu, &plan),
            halves: halves(&plan),
            // One slice takes the picture in, then each has at least one step.
            slices: usize::from(engine.keeps_results()) * (plan.steps.len() + 1),
        };
        Ok(Self {
            frames: Frames::new(gpu.handles(), size, engine.max_in_flight()),
            engine: engine.clone(),
            plan: Arc::new(plan),
            slots: slots.to_vec(),
            steps,
            timestamps: Mutex::default(),
            load_times: LoadTimes::default(),
        })
    }

    /// Loads a plan alone on a device, for one run at a time: for measuring and
    /// verifying kernels.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn isolated(gpu: &Gpu, plan: Plan, params: &Params) -> Result<Self, GpuError> {
        Engine::new(gpu, 1).load_now(plan, params)
    }

    pub(super) fn set_load_times(&mut self, load_times: LoadTimes) {
        self.load_times = load_times;
    }

    /// The time that loading it took.
    pub fn load_times(&self) -> LoadTimes {
        self.load_times
    }

    /// Device memory besides activations and weights: parameters, and buffers for
    /// images and outputs.
    pub fn other_bytes(&self) -> u64 {
        let words = self.plan.steps.iter().map(|s| size_of_val(&s.params[..]));
        words.sum::<usize>() as u64 + self.frames.bytes()
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The engine whose weights it uses.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The device.
    pub fn gpu(&self) -> &Gpu {
        self.engine.gpu()
    }

    pub(super) fn handles(&self) -> &Handles {
        self.gpu().handles()
    }
}

/// Bytes of a buffer for images, in whole rows if they go to a texture.
fn upload_bytes(plan: &Plan) -> u64 {
    let input = &plan.input;
    let bytes = input.form.bytes(plan.batch, input.shape);
    plan.slots[input.slot].memory_kind.padded(bytes)
}

/// Numbers of the largest output that is stored in f16.
fn halves(plan: &Plan) -> usize {
    let halves = plan.outputs.iter().filter(|o| o.scalar == Scalar::F16);
    let numbers = halves.map(|o| o.bytes(plan.batch) as usize / Scalar::F16.bytes());
    numbers.max().unwrap_or(0)
}

/// Bytes of a readback buffer: all outputs, one after the other, in whole rows if
/// they come from textures.
fn readback_bytes(gpu: &Gpu, plan: &Plan) -> u64 {
    let storage = gpu.profile().storage;
    let bytes = |o: &PlanOutput| storage.memory_kind(o.scalar).padded(o.bytes(plan.batch));
    plan.outputs.iter().map(bytes).sum()
}
