//! A node's operation with its weights, as the executor runs it.

use std::sync::Arc;

use super::ReferenceError;
use super::affine::Affine;
use super::conv::Conv;
use super::{pointwise, pool};
use crate::graph::{Node, Op, Window};
use crate::tensor::{Params, Tensor};

/// An operation whose tensors have been found, checked and repacked.
pub(super) enum Layer {
    /// The network's input, which needs no computation.
    Input,
    /// Convolution or linear layer.
    Conv(Conv),
    /// Batch norm or scale-shift.
    Affine(Affine),
    Relu,
    Add,
    MaxPool(Window),
    AvgPool(Window),
    GlobalAvgPool,
    Flatten,
    ShortcutA {
        stride: usize,
        before: usize,
    },
    Softmax,
}

impl Layer {
    /// Finds and checks a node's tensors.
    pub(super) fn new(node: &Node, params: &Params) -> Result<Self, ReferenceError> {
        let tensor = |name: &str, shape: &[usize]| find(node, params, name, shape);
        Ok(match &node.op {
            Op::Input => Self::Input,
            Op::Conv2d(conv) => {
                let (out, k) = (conv.out_channels, conv.window.kernel);
                let weight = tensor(&conv.weight, &[out, conv.in_channels / conv.groups, k, k])?;
                let bias = conv.bias.as_deref().map(|name| tensor(name, &[out]));
                Self::Conv(Conv::conv2d(conv, weight, bias.transpose()?))
            }
            Op::Linear(linear) => {
                let (out, features) = (linear.out_features, linear.in_features);
                // A head stored as a 1×1 convolution has equal numbers.
                let weight = tensor(&linear.weight, &[out, features, 1, 1])
                    .or_else(|_| tensor(&linear.weight, &[out, features]))?;
                let bias = linear.bias.as_deref().map(|name| tensor(name, &[out]));
                Self::Conv(Conv::linear(linear, weight, bias.transpose()?))
            }
            Op::BatchNorm(bn) => {
                let leaf = |leaf: &str| tensor(&format!("{}.{leaf}", bn.prefix), &[bn.channels]);
                let (gamma, beta) = (leaf("weight")?, leaf("bias")?);
                let (mean, var) = (leaf("running_mean")?, leaf("running_var")?);
                Self::Affine(Affine::batch_norm(&gamma, &beta, &mean, &var, bn.eps))
            }
            Op::ScaleShift { scale, shift, relu } => {
                let channels = [node.shape.c];
                let (scale, shift) = (tensor(scale, &channels)?, tensor(shift, &channels)?);
                let mut affine = Affine::new(&scale, &shift);
                affine.relu = *relu;
                Self::Affine(affine)
            }
            Op::Relu => Self::Relu,
            Op::Add => Self::Add,
            Op::MaxPool(window) => Self::MaxPool(*window),
            Op::AvgPool(window) => Self::AvgPool(*window),
            Op::GlobalAvgPool => Self::GlobalAvgPool,
            Op::Flatten => Self::Flatten,
            &Op::ShortcutA { stride, before } => Self::ShortcutA { stride, before },
            Op::Softmax => Self::Softmax,
        })
    }

    /// Computes the value, of shape `[N, H, W, C]` as given by `shape`. The caller has checked the
    /// number and the shapes of the inputs.
    pub(super) fn run(&self, inputs: &[&Tensor], shape: [usize; 4]) -> Tensor {
        let x = inputs[0];
        match self {
            Self::Input => x.clone(),
            Self::Conv(conv) => conv.run(x, inputs.get(1).copied(), shape),
            Self::Affine(affine) => affine.run(x),
            Self::Relu => pointwise::relu_all(x),
            Self::Add => pointwise::add(x, inputs[1]),
            Self::MaxPool(window) => pool::max_pool(x, *window, shape),
            Self::AvgPool(window) => pool::avg_pool(x, *window, shape),
            Self::GlobalAvgPool => pool::global_avg_pool(x, shape),
            Self::Flatten => pointwise::flatten(x, shape),
            &Self::ShortcutA { stride, before } => pointwise::shortcut_a(x, stride, before, shape),
            Self::Softmax => pointwise::softmax(x),
        }
    }
}

/// Returns the tensor `name` if it has the shape `expected`.
fn find(
    node: &Node,
    params: &Params,
    name: &str,
    expected: &[usize],
) -> Result<Arc<Tensor>, ReferenceError> {
    let Some(tensor) = params.entry(name) else {
        return Err(ReferenceError::MissingTensor {
            name: name.to_owned(),
            node: node.name.clone(),
            expected: expected.to_vec(),
        });
    };
    if tensor.shape() != expected {
        return Err(ReferenceError::TensorShape {
            name: name.to_owned(),
            node: node.name.clone(),
            expected: expected.to_vec(),
            found: tensor.shape().to_vec(),
        });
    }
    Ok(tensor.get()?)
}
