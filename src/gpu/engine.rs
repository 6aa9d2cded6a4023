//! A network on a device: its weights, and the memory that its plans share.

use std::fmt;
use std::sync::Arc;
use web_time::Instant;

use super::concurrent::both;
use super::executable::{Executable, LoadTimes};
use super::memory::{Weights, Workspace};
use super::permits::Permits;
use super::reports::Reports;
use super::upload::upload_all;
use super::value::Value;
use super::{Gpu, GpuError};
use crate::monitor::Monitor;
use crate::plan::{Plan, Weight};
use crate::tensor::Params;

/// The weights of one network on a device, loaded once, and the memory that its
/// plans take turns in. Plans for other image sizes and batches become
/// [`Executable`]s of the same engine. Cloning shares it.
#[derive(Clone)]
pub struct Engine {
    gpu: Gpu,
    weights: Arc<Weights>,
    workspace: Arc<Workspace>,
    permits: Arc<Permits>,
    keeps_results: bool,
}

/// Not its weights, which are long.
impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("device", &self.gpu.describe())
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine without weights yet, for up to `in_flight` runs in flight.
    pub fn new(gpu: &Gpu, in_flight: usize) -> Self {
        Self {
            gpu: gpu.clone(),
            weights: Arc::default(),
            workspace: Arc::default(),
            permits: Permits::new(gpu, in_flight),
            keeps_results: false,
        }
    }

    /// An engine with the same weights and with activations of its own, which no
    /// run of another engine touches. Outputs stay on the device as well. For
    /// commands that the application submits when it likes.
    pub(crate) fn isolated(&self, in_flight: usize) -> Self {
        Self {
            gpu: self.gpu.clone(),
            weights: Arc::clone(&self.weights),
            workspace: Arc::default(),
            permits: Permits::new(&self.gpu, in_flight),
            keeps_results: true,
        }
    }

    /// Creates everything that runs of `plan` need, and uploads the weights that
    /// are not on the device yet.
    ///
    /// # Errors
    /// [`GpuError::OtherDevice`] for a plan of another device;
    /// [`GpuError::OutOfMemory`]; [`GpuError::Lost`]; [`GpuError::Cancelled`].
    pub async fn load(
        &self,
        plan: Plan,
        params: &Params,
        monitor: &Monitor,
    ) -> Result<Executable, GpuError> {
        let began = Instant::now();
        let (gpu, handles) = (&self.gpu, self.gpu.handles());
        // A kernel for other subgroups would read lanes that do not exist.
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
        let missing = self.weights.missing(&plan.weights);
        let mut reports = Reports::default();
        // Compiling takes about as long as reading and packing.
        let (kernels, uploaded) = both(
            || {
                let (made, reports) = gpu.make_pipelines(&plan.kernels(), monitor)?;
                gpu.warm_up(&made)?;
                Ok::<_, GpuError>(reports)
            },
            || {
                let upload = || upload_all(gpu, &missing, params, monitor);
                let made = handles.watch_later(bytes, &mut reports, upload)??;
                Ok::<_, GpuError>((made, began.elapsed()))
            },
        );
        let kernels = kernels?;
        let (made, upload) = uploaded?;
        reports.extend(kernels);
        let made: Vec<(Weight, Value)> = missing.into_iter().zip(made).collect();
        let weights = self.weights.find(&plan.weights, &made);
        let (executable, allotment) = handles.watch_later(bytes, &mut reports, || {
            let allotment = self.workspace.allot(handles, &plan.slots);
            let made = Executable::new(self, plan, &allotment.taken, &weights);
            (made, allotment)
        })?;
        let mut executable = executable?;
        reports.wait_for_all().await?;
        handles.check_lost()?;
        self.weights.hold(made);
        self.workspace.hold(allotment);
        executable.set_load_times(LoadTimes {
            pipelines: began.elapsed().saturating_sub(upload),
            upload,
        });
        Ok(executable)
    }

    /// Loads a plan; the thread waits.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn load_now(&self, plan: Plan, params: &Params) -> Result<Executable, GpuError> {
        let monitor = Monitor::default();
        self.gpu.block_on(self.load(plan, params, &monitor))?
    }

    /// The device.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// The number of runs in flight.
    pub fn in_flight(&self) -> usize {
        self.permits.taken()
    }

    /// The number of runs that may be in flight.
    pub fn max_in_flight(&self) -> usize {
        self.permits.most()
    }

    /// Bytes of the weights and of the activations.
    pub fn bytes(&self) -> (u64, u64) {
        (self.weights.bytes(), self.workspace.bytes())
    }

    /// Returns the permits for runs.
    pub(crate) fn permits(&self) -> &Arc<Permits> {
        &self.permits
    }

    pub(super) fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Returns whether outputs stay on the device as well.
    pub(super) fn keeps_results(&self) -> bool {
        self.keeps_results
    }
}
