//! Folds batch norms into the preceding convolutions, in f64: `scale = γ/√(σ² + ε)`,
//! `W' = W·scale`, `b' = (b − μ)·scale + β` (Jacob et al. 2018, section 3.2).
//!
//! A batch norm that no preceding convolution can absorb becomes a scale and a shift.

use std::sync::Arc;

use rayon::prelude::*;

use super::error::LowerError;
use super::rewrite::Rewrite;
use crate::graph::{BatchNorm, Conv2d, Epilogue, Op};
use crate::tensor::{Param, Tensor, TensorError, TensorSource};

pub(super) fn run(rewrite: &mut Rewrite) -> Result<(), LowerError> {
    for i in rewrite.live() {
        let Op::BatchNorm(bn) = rewrite.nodes[i].op.clone() else {
            continue;
        };
        let norm = Arc::new(norm(rewrite, i, &bn)?);
        let input = rewrite.nodes[i].inputs[0];
        match rewrite.nodes[input.0].op.clone() {
            Op::Conv2d(conv)
                if rewrite.can_absorb(input) && conv.epilogue == Epilogue::default() =>
            {
                let conv = fold(rewrite, i, conv, &norm)?;
                rewrite.nodes[i].inputs = rewrite.nodes[input.0].inputs.clone();
                rewrite.nodes[i].op = Op::Conv2d(conv);
                rewrite.absorb(input);
            }
            _ => {
                let names = [
                    format!("{}.scale", bn.prefix),
                    format!("{}.shift", bn.prefix),
                ];
                for (name, value) in names.iter().zip([FoldedKind::Scale, FoldedKind::Shift]) {
                    rewrite.fold(name, vec![bn.channels], &norm, value);
                }
                let [scale, shift] = names;
                rewrite.nodes[i].op = Op::ScaleShift {
                    scale,
                    shift,
                    relu: false,
                };
            }
        }
        for leaf in ["weight", "bias", "running_mean", "running_var"] {
            rewrite.params.remove(&format!("{}.{leaf}", bn.prefix));
        }
    }
    Ok(())
}

fn norm(rewrite: &Rewrite, node: usize, bn: &BatchNorm) -> Result<NormTensors, LowerError> {
    let get = |leaf: &str| rewrite.tensor(node, &format!("{}.{leaf}", bn.prefix));
    Ok(NormTensors {
        gamma: get("weight")?,
        beta: get("bias")?,
        mean: get("running_mean")?,
        var: get("running_var")?,
        eps: bn.eps,
    })
}

fn fold(
    rewrite: &mut Rewrite,
    node: usize,
    mut conv: Conv2d,
    norm: &Arc<NormTensors>,
) -> Result<Conv2d, LowerError> {
    let weight = rewrite.tensor(node, &conv.weight)?;
    let bias = match &conv.bias {
        Some(name) => FoldedKind::Bias(rewrite.tensor(node, name)?),
        None => FoldedKind::Shift,
    };
    let shape = weight.shape().to_vec();
    rewrite.fold(&conv.weight, shape, norm, FoldedKind::Weight(weight));
    let name = match conv.bias.take() {
        Some(name) => name,
        None => match conv.weight.strip_suffix(".weight") {
            Some(prefix) => format!("{prefix}.bias"),
            None => format!("{}.bias", conv.weight),
        },
    };
    rewrite.fold(&name, vec![conv.out_channels], norm, bias);
    conv.bias = Some(name);
    Ok(conv)
}

impl Rewrite {
    fn fold(&mut self, name: &str, shape: Vec<usize>, norm: &Arc<NormTensors>, value: FoldedKind) {
        let norm = Arc::clone(norm);
        let folded = FoldedTensor { shape, norm, value };
        self.params.insert(name, Param::later(folded));
    }
}

/// The tensors of a batch norm, `[C]` each.
#[derive(Debug)]
struct NormTensors {
    gamma: Param,
    beta: Param,
    mean: Param,
    var: Param,
    eps: f64,
}

impl NormTensors {
    /// Returns `scale = γ/√(σ² + ε)` and `shift = β − μ·scale` of each channel.
    fn scale_shift(&self) -> Result<Vec<(f64, f64)>, TensorError> {
        let (gamma, var) = (self.gamma.get()?, self.var.get()?);
        let (beta, mean) = (self.beta.get()?, self.mean.get()?);
        let scales = (gamma.data().iter().zip(var.data()))
            .map(|(&g, &v)| f64::from(g) / (f64::from(v) + self.eps).sqrt());
        let shifted = (beta.data().iter().zip(mean.data()).zip(scales))
            .map(|((&b, &m), scale)| (scale, f64::from(b) - f64::from(m) * scale));
        Ok(shifted.collect())
    }
}

/// A tensor that results from folding a batch norm: a rescaled convolution tensor, or a vector
/// computed from the batch norm alone.
#[derive(Debug)]
struct FoldedTensor {
    shape: Vec<usize>,
    norm: Arc<NormTensors>,
    value: FoldedKind,
}

/// The kind of a folded tensor.
#[derive(Debug)]
enum FoldedKind {
    /// A convolution's weight, with each filter scaled.
    Weight(Param),
    /// A convolution's bias, scaled and shifted.
    Bias(Param),
    /// The scale of each channel.
    Scale,
    /// The shift of each channel. Also the bias of a convolution that had no bias.
    Shift,
}

impl TensorSource for FoldedTensor {
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn read(&self) -> Result<Tensor, TensorError> {
        let norm = self.norm.scale_shift()?;
        let mut tensor = match &self.value {
            FoldedKind::Weight(of) | FoldedKind::Bias(of) => of.own()?,
            FoldedKind::Scale | FoldedKind::Shift => Tensor::zeros(self.shape.clone()),
        };
        let data = tensor.data_mut();
        match self.value {
            FoldedKind::Weight(_) => {
                let filter = (data.len() / norm.len().max(1)).max(1);
                let filters = data.par_chunks_exact_mut(filter).zip(&norm);
                filters.for_each(|(filter, &(scale, _))| {
                    for w in filter {
                        *w = (f64::from(*w) * scale) as f32;
                    }
                });
            }
            FoldedKind::Bias(_) => {
                for (b, &(scale, shift)) in data.iter_mut().zip(&norm) {
                    *b = (f64::from(*b) * scale + shift) as f32;
                }
            }
            FoldedKind::Scale => fill(data, norm.iter().map(|n| n.0)),
            FoldedKind::Shift => fill(data, norm.iter().map(|n| n.1)),
        }
        Ok(tensor)
    }
}

fn fill(data: &mut [f32], values: impl Iterator<Item = f64>) {
    for (to, value) in data.iter_mut().zip(values) {
        *to = value as f32;
    }
}
