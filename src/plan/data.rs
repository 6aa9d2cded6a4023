//! What a plan says, and who may say it.

use std::ops::{Deref, Range};

use super::{Input, Output, Slot, Step, Weight};
use crate::graph::NodeId;
use crate::kernels::Scalar;

/// A schedule for one batch size on one kind of device. It is read as its
/// [`PlanData`], and made and changed by this crate alone: kernels go by it
/// unchecked.
///
/// ```
/// use resnet_wgpu::Model;
/// use resnet_wgpu::low_level::passes::lower;
/// use resnet_wgpu::low_level::plan::{DeviceProfile, Plan, PlanOptions};
///
/// let model = Model::embedded()?;
/// let lowered = lower(&model.graph(32, 32)?, model.params(), &[])?;
/// // A device of WebGPU's default limits; of one that is there, `gpu.profile()`.
/// let profile = DeviceProfile::default();
/// let plan = Plan::new(&lowered, 8, &profile, &[], &PlanOptions::default())?;
/// for step in &plan.steps {
///     println!("{:24} {:24} {:?}", step.label(), step.kernel.name, step.grid);
/// }
/// assert_eq!(plan.batch, 8);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
///
/// It cannot be written to:
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

/// What a [`Plan`] says.
#[derive(Debug, Clone)]
pub struct PlanData {
    /// Images of a run.
    pub batch: usize,
    /// In what activations and weights are stored.
    pub precision: Scalar,
    /// What takes the images.
    pub input: Input,
    /// Dispatches in order.
    pub steps: Vec<Step>,
    /// The steps of each submission: one range, unless that would be so much
    /// work that a driver is reset.
    pub submissions: Vec<Range<usize>>,
    /// The activation slots.
    pub slots: Vec<Slot>,
    /// The most bytes of activations that are live at any one step: no
    /// assignment can do with less.
    pub live_peak: u64,
    /// Weight buffers.
    pub weights: Vec<Weight>,
    /// The logits, then the kept layers in the order asked for.
    pub outputs: Vec<Output>,
    /// For each node of the lowered graph, its slot.
    pub slot_of: Vec<usize>,
    /// For each node of the lowered graph, the one whose steps write its value:
    /// its own, but for a batch norm that the convolution before it makes.
    /// `None` for a convolution of which that is all that is written.
    pub made_by: Vec<Option<NodeId>>,
    /// For each node of the lowered graph, in what its value is stored.
    pub stored: Vec<Scalar>,
    /// Convolutions, and those of them whose candidate the [`Choice`](super::Choice) named;
    /// the rules chose the others'.
    pub convolutions: (usize, usize),
}
