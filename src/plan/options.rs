//! What a plan is asked for.

use super::{Choice, DeviceProfile, PlanError};
use crate::graph::{Graph, Shape};
use crate::kernels::{InputForm, Place, Scalar, Storage};

/// How a network is to be run.
///
/// ```
/// use resnet_wgpu::Model;
/// use resnet_wgpu::low_level::plan::Scalar;
/// use resnet_wgpu::low_level::passes::lower;
/// use resnet_wgpu::low_level::plan::{DeviceProfile, Plan, PlanOptions};
///
/// let model = Model::embedded()?;
/// let lowered = lower(&model.graph(32, 32)?, model.params(), &[])?;
/// let profile = DeviceProfile { f16: true, ..DeviceProfile::default() };
/// let options = PlanOptions { precision: Scalar::F16, ..PlanOptions::default() };
/// let plan = Plan::new(&lowered, 1, &profile, &[], &options)?;
/// assert_eq!(plan.precision, Scalar::F16);
/// assert_eq!(plan.outputs[0].scalar, Scalar::F32); // the logits
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PlanOptions {
    /// How kernels are chosen.
    pub choice: Choice,
    /// In what activations and weights are stored. Sums are f32 in any case,
    /// and so are logits and probabilities.
    pub precision: Scalar,
    /// How images arrive.
    pub input: InputForm,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            choice: Choice::default(),
            precision: Scalar::F32,
            input: InputForm::default(),
        }
    }
}

impl From<Choice> for PlanOptions {
    fn from(choice: Choice) -> Self {
        Self {
            choice,
            ..Self::default()
        }
    }
}

impl PlanOptions {
    /// Whether the device and the network admit them.
    pub(super) fn check(&self, graph: &Graph, profile: &DeviceProfile) -> Result<(), PlanError> {
        if self.precision == Scalar::F16 && !profile.f16 {
            return Err(PlanError::NoF16);
        }
        let channels = graph.input_shape().c;
        match self.input {
            InputForm::Rgb8 { .. } if channels != 3 => Err(PlanError::NotRgb(channels)),
            _ => Ok(()),
        }
    }

    /// Bytes and kind of a slot of their own that images arrive in; `None` where
    /// they arrive as they are stored, in the input's own slot.
    pub(super) fn arriving(
        &self,
        batch: usize,
        image: Shape,
        storage: Storage,
    ) -> Option<(u64, Place)> {
        let place = match (self.input, self.precision) {
            (InputForm::F32, Scalar::F32) => return None,
            (InputForm::F32, Scalar::F16) => storage.place(Scalar::F32),
            (InputForm::Rgb8 { .. }, _) => Place::Buffer,
        };
        Some((self.input.bytes(batch, image), place))
    }
}
