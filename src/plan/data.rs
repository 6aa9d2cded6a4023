//! The contents of a plan, readable by everyone and writable by this crate only.

use std::ops::{Deref, Range};

use super::{PlanInput, PlanOutput, Slot, Step, Weight};
use crate::graph::NodeId;
use crate::kernels::Scalar;

/// A schedule for one batch size on one kind of device.
///
/// A plan dereferences to its [`PlanData`]. Only this crate can create or change a plan, because
/// kernels trust its contents without further checks.
///
/// ```
/// use resnet_wgpu::Model;
/// use resnet_wgpu::low_level::passes::lower;
/// use resnet_wgpu::low_level::plan::{DeviceProfile, Plan, PlanOptions};
///
/// let model = Model::embedded()?;
/// let lowered = lower(&model.graph(32, 32)?, model.params(), &[])?;
/// // WebGPU's default limits. Use `gpu.profile()` for a real device.
/// let profile = DeviceProfile::default();
/// let plan = Plan::new(&lowered, 8, &profile, &[], &PlanOptions::default())?;
/// for step in &plan.steps {
///     println!("{:24} {:24} {:?}", step.label(), step.kernel.name, step.grid);
/// }
/// assert_eq!(plan.batch, 8);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
///
/// A plan cannot be changed from outside:
///
/// ```compile_fail,E0594
/// fn tamper(plan: &mut resnet_wgpu::low_level::plan::Plan) {
///     plan.steps[0].grid = [1, 1, 1];
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Plan(PlanData);

impl Plan {
    pub(super) fn of(data: PlanData) -> Self {
        Self(data)
    }

    pub(super) fn data_mut(&mut self) -> &mut PlanData {
        &mut self.0
    }
}

impl Deref for Plan {
    type Target = PlanData;

    fn deref(&self) -> &PlanData {
        &self.0
    }
}

/// The contents of a [`Plan`].
#[derive(Debug, Clone)]
pub struct PlanData {
    /// Number of images in a run.
    pub batch: usize,
    /// Stored scalar type of activations and weights.
    pub precision: Scalar,
    /// Destination of the images.
    pub input: PlanInput,
    /// Dispatches in order of execution.
    pub steps: Vec<Step>,
    /// The steps of each submission. A plan has one submission, unless its work would take so long
    /// that the operating system resets the driver.
    pub submissions: Vec<Range<usize>>,
    /// The activation slots.
    pub slots: Vec<Slot>,
    /// Maximum number of activation bytes that are live at the same time, a lower bound for every
    /// assignment of slots.
    pub live_peak: u64,
    /// The weight buffers.
    pub weights: Vec<Weight>,
    /// The logits, then the kept layers in the requested order.
    pub outputs: Vec<PlanOutput>,
    /// For each node of the lowered graph, its slot.
    pub slot_of: Vec<usize>,
    /// For each node of the lowered graph, the node whose steps write its value. This is the node
    /// itself, except for a batch norm that the preceding convolution computes. `None` marks a
    /// convolution whose own value is never stored.
    pub made_by: Vec<Option<NodeId>>,
    /// For each node of the lowered graph, the stored scalar type of its value.
    pub stored: Vec<Scalar>,
    /// Number of convolutions, and the number of them whose candidate the
    /// [`KernelChoice`](super::KernelChoice) named. The built-in rules chose all others.
    pub convolutions: (usize, usize),
}
