//! The two implementations of a network: on a GPU, and on the CPU.

use super::SessionError;
use crate::error::Error;
use crate::gpu::{Executable, Flight, GpuError, Images, Intake, Permit};
use crate::graph::{NodeId, Shape};
use crate::kernels::InputForm;
use crate::preprocess::rgb8;
use crate::reference::{ReferenceModel, ReferenceOutputs};
use crate::tensor::{QUAD, Tensor, quads, unpad_channels, unpad_into};

/// A network that is ready for images of one size.
pub(super) trait Runner: Send + Sync {
    /// Starts a run of `count` images. A GPU needs a permit.
    fn start(
        &self,
        permit: Option<Permit>,
        intake: Intake<'_>,
        count: usize,
    ) -> Result<Work, Error>;

    /// The plan on the device; `None` on the CPU.
    fn executable(&self) -> Option<&Executable> {
        None
    }
}

/// The work of a run.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "a box would be an allocation for each run"
)]
pub(super) enum Work {
    /// In flight on a GPU.
    Gpu(Flight),
    /// Done: the CPU computes when a run is started.
    Cpu(Box<ReferenceOutputs>, Vec<NodeId>),
}

impl Work {
    /// Waits for the work and stores each output without padding, for `count`
    /// images.
    pub fn finish(
        self,
        count: usize,
        shapes: &[Shape],
        values: &mut [Vec<f32>],
    ) -> Result<(), GpuError> {
        let (outputs, layers) = match self {
            Self::Gpu(flight) => {
                return flight.finish(|i, data| {
                    let (s, value) = (shapes[i], &mut values[i]);
                    value.clear();
                    let data = &data[..count * s.h * s.w * quads(s.c) * QUAD];
                    unpad_into(data, s.c, value);
                });
            }
            Self::Cpu(outputs, layers) => (outputs, layers),
        };
        let layers = layers.iter().filter_map(|id| outputs.get(*id));
        let outputs = std::iter::once(&outputs.output).chain(layers);
        for (value, output) in values.iter_mut().zip(outputs) {
            value.clear();
            value.extend_from_slice(output.data());
        }
        Ok(())
    }
}

impl Runner for Executable {
    fn start(
        &self,
        permit: Option<Permit>,
        intake: Intake<'_>,
        _count: usize,
    ) -> Result<Work, Error> {
        let permit = permit.map_or_else(|| self.engine().permits().take(), Ok)?;
        Ok(Work::Gpu(Executable::start(self, permit, intake)?))
    }

    fn executable(&self) -> Option<&Executable> {
        Some(self)
    }
}

/// A network on the CPU.
pub(super) struct ReferenceRunner {
    pub model: ReferenceModel,
    pub input: InputForm,
    pub shape: Shape,
    /// The nodes of the layers.
    pub layers: Vec<NodeId>,
}

impl Runner for ReferenceRunner {
    fn start(
        &self,
        _permit: Option<Permit>,
        intake: Intake<'_>,
        count: usize,
    ) -> Result<Work, Error> {
        let Intake::Host(images) = intake else {
            return Err(GpuError::OnCpu.into());
        };
        let images_len = images.len();
        let values = without_padding(images, &self.input, self.shape.c);
        let images = Tensor::new([count, self.shape.h, self.shape.w, self.shape.c], values);
        let images = images.ok_or_else(|| SessionError::InputShape {
            expected: "whole images".into(),
            found: vec![images_len],
        })?;
        let outputs = self.model.run(&images, &self.layers)?;
        Ok(Work::Cpu(Box::new(outputs), self.layers.clone()))
    }
}

/// Converts images to `[N, H, W, channels]` floats.
fn without_padding(images: Images<'_>, form: &InputForm, channels: usize) -> Vec<f32> {
    let mut values = vec![];
    match (images, form) {
        (Images::Rgb8(bytes), InputForm::Rgb8 { mean, std }) => {
            values.reserve(bytes.len());
            rgb8(bytes, mean, std, &mut values);
        }
        (Images::F32(padded), _) => values = unpad_channels(padded, channels),
        // `Compiled::count` has refused these.
        (Images::Rgb8(_), InputForm::F32) => {}
    }
    values
}
