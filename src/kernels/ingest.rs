//! Host code for the kernels that convert a run's input images.

use super::{Dispatch, Kernel, word};
use crate::graph::Shape;
use crate::preprocess::levels;
use crate::tensor::quads;

/// The form in which a run's images arrive.
///
/// ```
/// use resnet_wgpu::{Device, InputForm, Model, Session, SessionOptions};
///
/// let model = Model::embedded()?;
/// let preprocess = model.preprocess(&Default::default())?;
/// let (mean, std) = (preprocess.mean, preprocess.std);
/// let options = SessionOptions {
///     input: InputForm::Rgb8 { mean, std },
///     ..SessionOptions::default()
/// };
/// let session = Session::new(Device::Cpu, &model, &options)?;
/// let grey = vec![128_u8; 32 * 32 * 3];
/// session.run_batch(&grey, |outputs| assert_eq!(outputs.logits().len(), 10))?;
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum InputForm {
    /// `[N, H, W, 4]` in f32, normalised, with a fourth channel of zeros: 16 bytes a pixel.
    #[default]
    F32,
    /// `[N, H, W, 3]` in bytes of red, green and blue: 3 bytes a pixel. The device normalises them:
    /// `(value / 255 − mean) / std`.
    Rgb8 {
        /// Mean of each channel, subtracted on the scale 0 to 1.
        mean: [f32; 3],
        /// Standard deviation of each channel, the divisor.
        std: [f32; 3],
    },
}

impl InputForm {
    /// Returns the form's name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Rgb8 { .. } => "u8 RGB",
        }
    }

    /// Returns the size of `batch` images in bytes, padded to the words that the kernel reads.
    pub fn bytes(&self, batch: usize, shape: Shape) -> u64 {
        let pixels = [shape.h, shape.w]
            .iter()
            .fold(batch as u64, |n, &side| n.saturating_mul(side as u64));
        match self {
            Self::F32 => pixels.saturating_mul(16 * quads(shape.c) as u64),
            // The kernel reads three words for four pixels.
            Self::Rgb8 { .. } => pixels.div_ceil(PIXELS as u64).saturating_mul(12),
        }
    }
}

/// Pixels that one invocation converts from bytes.
const PIXELS: usize = 4;

/// A batch of images to convert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IngestProblem {
    /// Images in the batch.
    pub batch: usize,
    /// Shape of one image.
    pub shape: Shape,
    /// Form in which the images arrive.
    pub form: InputForm,
}

impl IngestProblem {
    /// Returns the parameters and the geometry.
    pub fn dispatch(&self, kernel: &Kernel) -> Dispatch {
        let quads = self.batch * self.shape.h * self.shape.w * quads(self.shape.c);
        let (items, table) = match self.form {
            InputForm::F32 => (quads, vec![]),
            // The host computes the value of each byte once. A run on bytes therefore gives bit for
            // bit the results of a run on floats.
            InputForm::Rgb8 { mean, std } => {
                let values = levels(&mean, &std);
                let words = values.iter().flatten().map(|v| v.to_bits());
                (quads.div_ceil(PIXELS), words.collect())
            }
        };
        let mut params = vec![word(items), word(quads), 0, 0];
        params.extend(table);
        Dispatch {
            params,
            workgroups: items.div_ceil(kernel.workgroup) as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_take_less_than_a_quarter() {
        let rgb = InputForm::Rgb8 {
            mean: [0.0; 3],
            std: [1.0; 3],
        };
        let shape = Shape::new(224, 224, 3);
        assert_eq!(rgb.bytes(2, shape), 2 * 224 * 224 * 3);
        assert_eq!(InputForm::F32.bytes(2, shape), 2 * 224 * 224 * 16);
        // One pixel is padded to the words of four.
        assert_eq!(rgb.bytes(1, Shape::new(1, 1, 3)), 12);
    }
}
