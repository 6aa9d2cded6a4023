//! Folds batch norms into the convolutions before them, in f64:
//! `scale = γ/√(σ² + ε)`, `W' = W·scale`, `b' = (b − μ)·scale + β`
//! (Jacob et al. 2018, section 3.2). What no convolution can take in, because
//! it stands before one, becomes a scale and a shift.

use super::{LowerError, Rewrite};
use crate::graph::{BatchNorm, Conv2d, Epilogue, Op};
use crate::tensor::Tensor;

pub(super) fn run(rewrite: &mut Rewrite) -> Result<(), LowerError> {
    for i in rewrite.live() {
        let Op::BatchNorm(bn) = rewrite.nodes[i].op.clone() else {
            continue;
        };
        let (scale, shift) = scale_shift(rewrite, i, &bn)?;
        let input = rewrite.nodes[i].inputs[0];
        match rewrite.nodes[input.0].op.clone() {
            Op::Conv2d(conv)
                if rewrite.can_absorb(input) && conv.epilogue == Epilogue::default() =>
            {
                let conv = fold(rewrite, i, conv, &scale, &shift)?;
                rewrite.nodes[i].inputs = rewrite.nodes[input.0].inputs.clone();
                rewrite.nodes[i].op = Op::Conv2d(conv);
                rewrite.absorb(input);
            }
            _ => {
                let names = [
                    format!("{}.scale", bn.prefix),
                    format!("{}.shift", bn.prefix),
                ];
                for (name, values) in names.iter().zip([&scale, &shift]) {
                    let data = values.iter().map(|&v| v as f32).collect();
                    rewrite.insert(name, &[bn.channels], data);
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

/// Per channel: `γ/√(σ² + ε)`, and `β − μ·scale`.
fn scale_shift(
    rewrite: &Rewrite,
    node: usize,
    bn: &BatchNorm,
) -> Result<(Vec<f64>, Vec<f64>), LowerError> {
    let get = |leaf: &str| rewrite.tensor(node, &format!("{}.{leaf}", bn.prefix));
    let (gamma, beta) = (get("weight")?, get("bias")?);
    let (mean, var) = (get("running_mean")?, get("running_var")?);
    let scale: Vec<f64> = (gamma.data().iter())
        .zip(var.data())
        .map(|(&g, &v)| f64::from(g) / (f64::from(v) + bn.eps).sqrt())
        .collect();
    let shift = (beta.data().iter())
        .zip(mean.data())
        .zip(&scale)
        .map(|((&b, &m), s)| f64::from(b) - f64::from(m) * s)
        .collect();
    Ok((scale, shift))
}

fn fold(
    rewrite: &mut Rewrite,
    node: usize,
    mut conv: Conv2d,
    scale: &[f64],
    shift: &[f64],
) -> Result<Conv2d, LowerError> {
    let weight = rewrite.tensor(node, &conv.weight)?;
    let filter = weight.data().len() / conv.out_channels;
    let folded = (weight.data().chunks_exact(filter))
        .zip(scale)
        .flat_map(|(w, s)| w.iter().map(move |&w| (f64::from(w) * s) as f32))
        .collect();
    let bias = match &conv.bias {
        Some(name) => (rewrite.tensor(node, name)?.data().iter())
            .zip(scale)
            .zip(shift)
            .map(|((&b, s), t)| (f64::from(b) * s + t) as f32)
            .collect(),
        None => shift.iter().map(|&t| t as f32).collect(),
    };
    let shape = weight.shape().to_vec();
    rewrite.insert(&conv.weight, &shape, folded);
    let name = match conv.bias.take() {
        Some(name) => name,
        None => match conv.weight.strip_suffix(".weight") {
            Some(prefix) => format!("{prefix}.bias"),
            None => format!("{}.bias", conv.weight),
        },
    };
    rewrite.insert(&name, &[conv.out_channels], bias);
    conv.bias = Some(name);
    Ok(conv)
}

impl Rewrite {
    /// Puts a computed tensor in; its length is the shape's by construction.
    pub(super) fn insert(&mut self, name: &str, shape: &[usize], data: Vec<f32>) {
        if let Some(tensor) = Tensor::new(shape, data) {
            self.params.insert(name, tensor);
        }
    }
}
