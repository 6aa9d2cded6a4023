//! The host's side of the kernels that take a run's input in.

use super::{Dispatch, Kernel, word};
use crate::graph::Shape;
use crate::preprocess::levels;
use crate::tensor::quads;

/// How a run's images arrive.
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
    /// `[N, H, W, 4]`, f32, normalised, the fourth channel zero: 16 bytes a
    /// pixel.
    #[default]
    F32,
    /// `[N, H, W, 3]`, bytes of red, green and blue: 3 bytes a pixel. The
    /// device normalises them, `(value / 255 − mean) / std`.
    Rgb8 {
        /// Mean of each channel that is subtracted, on the scale 0 to 1.
        mean: [f32; 3],
        /// Standard deviation of each channel that is divided by.
        std: [f32; 3],
    },
}

impl InputForm {
    /// Its name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Rgb8 { .. } => "u8 RGB",
        }
    }

    /// Bytes of `batch` images, those included that only fill a word.
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

/// Pixels that an invocation makes of bytes.
const PIXELS: usize = 4;

/// A batch of images that is taken in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IngestProblem {
    /// Images.
    pub batch: usize,
    /// One image.
    pub shape: Shape,
    /// How they arrive.
    pub form: InputForm,
}

impl IngestProblem {
    /// Parameters and geometry.
    pub fn dispatch(&self, kernel: &Kernel) -> Dispatch {
        let quads = self.batch * self.shape.h * self.shape.w * quads(self.shape.c);
        let (items, table) = match self.form {
            InputForm::F32 => (quads, vec![]),
            // What stands for each byte is computed here once, so that a run
            // on bytes gives what one on floats gives, bit for bit.
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
        // One pixel fills the words of four.
        assert_eq!(rgb.bytes(1, Shape::new(1, 1, 3)), 12);
    }
}
