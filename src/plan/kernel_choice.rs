//! Rules that choose kernels.

use std::sync::Arc;

use super::winners::Winners;
use crate::kernels::{Candidate, ConvProblem, candidate};

/// Rules that choose kernels, for
/// [`SessionOptions::choice`](crate::session::SessionOptions::choice).
///
/// ```
/// use resnet_wgpu::{KernelChoice, Model};
/// use resnet_wgpu::low_level::passes::lower;
/// use resnet_wgpu::low_level::plan::{DeviceProfile, Plan, candidate};
///
/// let model = Model::embedded()?;
/// let lowered = lower(&model.graph(32, 32)?, model.params(), &[])?;
/// let choice = KernelChoice::Prefer(candidate("conv.tiled.64x64").expect("a candidate"));
/// let plan = Plan::new(&lowered, 1, &DeviceProfile::default(), &[], &choice.into())?;
/// let (convolutions, preferred) = plan.convolutions;
/// assert!(preferred <= convolutions); // it does not fit the others
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum KernelChoice {
    /// The built-in rules for the class of device.
    #[default]
    Auto,
    /// This candidate if it fits the problem and the device, otherwise the built-in rules.
    Prefer(Candidate),
    /// The fastest measured candidate if the problem was measured and the candidate fits the
    /// device, otherwise the built-in rules.
    Tuned(Arc<Winners>),
}

impl KernelChoice {
    /// Returns the candidate that this choice names for a problem, if any. Only candidates of the
    /// built-in table are returned, because kernels of others would run unchecked.
    pub(super) fn candidate_for(&self, problem: &ConvProblem) -> Option<Candidate> {
        let wanted = match self {
            Self::Auto => None,
            Self::Prefer(candidate) => Some(*candidate),
            Self::Tuned(winners) => winners.get(problem),
        };
        wanted.filter(|wanted| candidate(wanted.name) == Some(*wanted))
    }
}
