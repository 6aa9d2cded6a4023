//! Options of a plan.

use super::{DeviceProfile, KernelChoice, PlanError};
use crate::graph::{Graph, Shape};
use crate::kernels::{InputForm, MemoryKind, Scalar, Storage};

/// Options for planning a network's runs.
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
    /// Rules that choose the kernels.
    pub choice: KernelChoice,
    /// Stored scalar type of activations and weights. Sums, logits and probabilities are always
    /// f32.
    pub precision: Scalar,
    /// Format of the images that the host passes.
    pub input: InputForm,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            choice: KernelChoice::default(),
            precision: Scalar::F32,
            input: InputForm::default(),
        }
    }
}

impl From<KernelChoice> for PlanOptions {
    fn from(choice: KernelChoice) -> Self {
        Self {
            choice,
            ..Self::default()
        }
    }
}

impl PlanOptions {
    /// Checks that the device and the network support these options.
    ///
    /// # Errors
    /// [`PlanError::NoF16`] if shaders have no f16, and [`PlanError::NotRgb`] if byte images are
    /// passed to a network without three input channels.
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

    /// Returns the size in bytes and the memory kind of the separate slot for incoming images.
    /// Returns `None` if images arrive in their stored form, directly in the slot of the input
    /// node.
    pub(super) fn arriving(
        &self,
        batch: usize,
        image: Shape,
        storage: Storage,
    ) -> Option<(u64, MemoryKind)> {
        let memory_kind = match (self.input, self.precision) {
            (InputForm::F32, Scalar::F32) => return None,
            (InputForm::F32, Scalar::F16) => storage.memory_kind(Scalar::F32),
            (InputForm::Rgb8 { .. }, _) => MemoryKind::Buffer,
        };
        Some((self.input.bytes(batch, image), memory_kind))
    }
}
