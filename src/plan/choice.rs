//! How kernels are chosen.

use std::sync::Arc;

use super::winners::Winners;
use crate::kernels::{Candidate, ConvProblem, candidate};

/// How kernels are chosen: what
/// [`SessionOptions::choice`](crate::session::SessionOptions::choice) takes.
///
/// ```
/// use resnet_wgpu::{Choice, Model};
/// use resnet_wgpu::low_level::passes::lower;
/// use resnet_wgpu::low_level::plan::{DeviceProfile, Plan, candidate};
///
/// let model = Model::embedded()?;
/// let lowered = lower(&model.graph(32, 32)?, model.params(), &[])?;
/// let choice = Choice::Prefer(candidate("conv.tiled.64x64").expect("a candidate"));
/// let plan = Plan::new(&lowered, 1, &DeviceProfile::default(), &[], &choice.into())?;
/// let (convolutions, preferred) = plan.convolutions;
/// assert!(preferred <= convolutions); // the others it does not fit
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Choice {
    /// By the built-in rules for the class of device.
    #[default]
    Auto,
    /// This candidate wherever it fits the problem and the device; the rules
    /// elsewhere.
    Prefer(Candidate),
    /// What was measured to be the fastest for the problem, where that was
    /// measured and fits the device; the rules elsewhere.
    Tuned(Arc<Winners>),
}

impl Choice {
    /// The candidate that is wanted for a problem, if one is. It has to be one
    /// of the table: another's kernels would run unchecked.
    pub(super) fn wanted(&self, problem: &ConvProblem) -> Option<Candidate> {
        let wanted = match self {
            Self::Auto => None,
            Self::Prefer(candidate) => Some(*candidate),
            Self::Tuned(winners) => winners.get(problem),
        };
        wanted.filter(|wanted| candidate(wanted.name) == Some(*wanted))
    }
}
