//! Batch norm and scale-shift: one factor and one summand for each channel.

use rayon::prelude::*;

use super::pointwise::relu;
use crate::tensor::Tensor;

/// `y = x·scale + shift` for each channel, optionally followed by ReLU.
pub(super) struct Affine {
    scale: Vec<f32>,
    shift: Vec<f32>,
    pub(super) relu: bool,
}

impl Affine {
    /// Creates the operation from factors and summands, `[C]` each.
    pub(super) fn new(scale: &Tensor, shift: &Tensor) -> Self {
        Self {
            scale: scale.data().to_vec(),
            shift: shift.data().to_vec(),
            relu: false,
        }
    }

    /// Creates the operation from a batch norm's tensors, `[C]` each. It is `torch.nn.BatchNorm2d`
    /// in eval mode, `y = (x − mean)·γ/√(var + eps) + β`. The scale and the shift of a channel are
    /// computed in f64, because an error in them would affect every pixel.
    pub(super) fn batch_norm(
        gamma: &Tensor,
        beta: &Tensor,
        mean: &Tensor,
        var: &Tensor,
        eps: f64,
    ) -> Self {
        let tensors = gamma.data().iter().zip(beta.data());
        let statistics = mean.data().iter().zip(var.data());
        let (scale, shift) = tensors
            .zip(statistics)
            .map(|((&gamma, &beta), (&mean, &var))| {
                let scale = f64::from(gamma) / (f64::from(var) + eps).sqrt();
                let shift = f64::from(beta) - f64::from(mean) * scale;
                (scale as f32, shift as f32)
            })
            .unzip();
        Self {
            scale,
            shift,
            relu: false,
        }
    }

    /// Computes the value for `x`, `[N, H, W, C]`.
    pub(super) fn run(&self, x: &Tensor) -> Tensor {
        let (line, channels) = (x.shape()[2] * x.shape()[3], x.shape()[3]);
        let mut out = Tensor::zeros(x.shape());
        let lines = out.data_mut().par_chunks_mut(line);
        lines.zip(x.data().par_chunks(line)).for_each(|(out, x)| {
            let pixels = out.chunks_exact_mut(channels);
            for (out, x) in pixels.zip(x.chunks_exact(channels)) {
                let affine = self.scale.iter().zip(&self.shift);
                for ((y, x), (scale, shift)) in out.iter_mut().zip(x).zip(affine) {
                    *y = x * scale + shift;
                }
            }
            if self.relu {
                out.iter_mut().for_each(|y| *y = relu(*y));
            }
        });
        out
    }
}
