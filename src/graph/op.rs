//! The operations of a graph, with the same parameters as the PyTorch functions of the same names.

/// Kernel, stride and padding of a square sliding window.
///
/// ```
/// use resnet_wgpu::low_level::graph::Window;
///
/// // The stem of ImageNet's networks: 7×7, stride 2, padding 3.
/// let stem = Window::new(7, 2, 3);
/// assert_eq!(stem.outputs(224), Some(112));
/// assert_eq!(Window::new(3, 1, 0).outputs(2), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Extent of the window in pixels.
    pub kernel: usize,
    /// Step between windows in pixels.
    pub stride: usize,
    /// Pixels of padding on each side.
    pub padding: usize,
}

impl Window {
    /// Creates a window of `kernel`×`kernel` pixels.
    pub const fn new(kernel: usize, stride: usize, padding: usize) -> Self {
        Self {
            kernel,
            stride,
            padding,
        }
    }

    /// Returns the number of windows that fit along an axis of `extent` pixels, as in
    /// `torch.nn.Conv2d` and `MaxPool2d`. Returns `None` if no window fits.
    pub fn outputs(&self, extent: usize) -> Option<usize> {
        let room = self.padded(extent)?.checked_sub(self.kernel)?;
        room.checked_div(self.stride)?.checked_add(1)
    }

    /// Returns the number of windows along an axis of `extent` pixels with `ceil_mode=True`. The
    /// last window may extend past the edge, but must begin inside the input or its left padding.
    /// Returns `None` if no window fits.
    pub fn outputs_ceil(&self, extent: usize) -> Option<usize> {
        let padded = self.padded(extent)?;
        if padded == 0 || self.kernel == 0 || self.stride == 0 {
            return None;
        }
        let room = padded.saturating_sub(self.kernel);
        let last = room.div_ceil(self.stride);
        let n = if last.saturating_mul(self.stride) < extent + self.padding {
            last.checked_add(1)?
        } else {
            last
        };
        (n > 0).then_some(n)
    }

    fn padded(&self, extent: usize) -> Option<usize> {
        extent.checked_add(self.padding.checked_mul(2)?)
    }
}

/// Operations that a convolution or linear kernel applies to its sums before it stores them.
///
/// The order is bias, residual, ReLU. The epilogue is empty in a graph as built; the passes fill
/// it.
///
/// ```
/// use resnet_wgpu::Model;
/// use resnet_wgpu::low_level::graph::{Epilogue, Op};
/// use resnet_wgpu::low_level::passes::lower;
///
/// let model = Model::embedded()?;
/// let lowered = lower(&model.graph(32, 32)?, model.params(), &[])?;
/// // The last convolution of a block adds the shortcut and applies the ReLU.
/// let block = lowered.graph.find("layer1.0").expect("a block of ResNet-20");
/// let Op::Conv2d(conv) = &lowered.graph.node(block).op else {
///     panic!("a convolution takes in the sum and its ReLU");
/// };
/// assert_eq!(conv.epilogue, Epilogue { residual: true, relu: true });
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Epilogue {
    /// Set if the kernel adds the node's second input.
    pub residual: bool,
    /// Set if the kernel replaces negative results with 0.
    pub relu: bool,
}

/// The bias of a convolution, as PyTorch's argument `bias`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bias {
    /// No bias.
    Absent,
    /// One summand for each output channel.
    Present,
}

/// A two-dimensional convolution (`torch.nn.Conv2d`, dilation 1).
///
/// ```
/// use resnet_wgpu::low_level::graph::{Op, Window};
/// use resnet_wgpu::Network;
///
/// let graph = Network::preset("resnext50-32x4d").expect("a preset").graph(224, 224)?;
/// let id = graph.find("layer1.0.conv2").expect("a layer");
/// let Op::Conv2d(conv) = &graph.node(id).op else {
///     panic!("a convolution");
/// };
/// assert_eq!((conv.window, conv.groups), (Window::new(3, 1, 1), 32));
/// assert_eq!((conv.in_channels, conv.out_channels), (128, 128));
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conv2d {
    /// Name of the weight tensor, `[Cout, Cin/groups, K, K]`.
    pub weight: String,
    /// Name of the bias tensor, `[Cout]`.
    pub bias: Option<String>,
    /// Number of input channels.
    pub in_channels: usize,
    /// Number of output channels.
    pub out_channels: usize,
    /// Kernel extent, stride and zero padding.
    pub window: Window,
    /// Number of groups. Both channel counts are multiples of this number.
    pub groups: usize,
    /// Operations that the passes fused into this layer.
    pub epilogue: Epilogue,
}

/// Batch normalisation with running statistics (`torch.nn.BatchNorm2d` in eval mode): `y = (x −
/// mean)·γ/√(var + eps) + β`.
///
/// The four tensors are `{prefix}.weight` (γ), `.bias` (β), `.running_mean` and `.running_var`,
/// each `[channels]`.
///
/// ```
/// use resnet_wgpu::low_level::graph::Op;
/// use resnet_wgpu::Network;
///
/// let graph = Network::preset("resnet18").expect("a preset").graph(224, 224)?;
/// let Op::BatchNorm(bn) = &graph.node(graph.find("bn1").expect("the stem's")).op else {
///     panic!("a batch norm");
/// };
/// assert_eq!((bn.prefix.as_str(), bn.channels, bn.eps), ("bn1", 64, 1e-5));
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    /// Common prefix of the names of the four tensors, without the dot.
    pub prefix: String,
    /// Number of channels.
    pub channels: usize,
    /// Constant that is added to the variance.
    pub eps: f64,
}

/// A fully connected layer (`torch.nn.Linear`).
///
/// ```
/// use resnet_wgpu::low_level::graph::Op;
/// use resnet_wgpu::Network;
///
/// let graph = Network::preset("resnet18").expect("a preset").graph(224, 224)?;
/// let Op::Linear(fc) = &graph.node(graph.output).op else {
///     panic!("a ResNet ends in a linear layer");
/// };
/// assert_eq!((fc.in_features, fc.out_features), (512, 1000));
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linear {
    /// Name of the weight tensor, `[out, in]`. The weights of a 1×1-convolution head, `[out, in, 1,
    /// 1]`, are the same numbers.
    pub weight: String,
    /// Name of the bias tensor, `[out]`.
    pub bias: Option<String>,
    /// Number of input features.
    pub in_features: usize,
    /// Number of output features.
    pub out_features: usize,
    /// Operations that the passes fused into this layer.
    pub epilogue: Epilogue,
}

/// Position of the zero channels in the parameter-free shortcut (option A). The shapes in a
/// checkpoint do not determine the position.
///
/// ```
/// use resnet_wgpu::low_level::graph::{Op, ZeroChannels};
/// use resnet_wgpu::Network;
/// use resnet_wgpu::low_level::models::Shortcut;
///
/// let mut net = Network::preset("resnet20").expect("a preset");
/// for (zeros, before) in [(ZeroChannels::HalfBefore, 8), (ZeroChannels::After, 0)] {
///     net.shortcut = Shortcut::A(zeros);
///     let graph = net.graph(32, 32)?;
///     // 16 channels become 32.
///     let id = graph.find("layer2.0.downsample").expect("shapes change here");
///     assert_eq!(graph.node(id).op, Op::ShortcutA { stride: 2, before });
/// }
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ZeroChannels {
    /// Half before and half after the copied channels (`F.pad(x[:, :, ::2, ::2],
    /// (0,0,0,0,planes//4,planes//4))`).
    #[default]
    HalfBefore,
    /// All after the copied channels, as He 2015 describes.
    After,
}

/// An operation on NHWC activations.
///
/// ```
/// use resnet_wgpu::low_level::graph::Op;
/// use resnet_wgpu::Network;
///
/// let graph = Network::preset("resnet18").expect("a preset").graph(224, 224)?;
/// assert_eq!(graph.nodes[0].op, Op::Input);
/// for node in &graph.nodes {
///     match &node.op {
///         Op::Conv2d(conv) => println!("{}: {} groups", node.name, conv.groups),
///         Op::MaxPool(window) | Op::AvgPool(window) => println!("{}: {window:?}", node.name),
///         other => println!("{}: {}", node.name, other.kind()),
///     }
/// }
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Op {
    /// The network's input: normalised images.
    Input,
    /// Convolution.
    Conv2d(Conv2d),
    /// Batch normalisation with running statistics.
    BatchNorm(BatchNorm),
    /// `max(x, 0)`.
    Relu,
    /// Sum of two inputs of the same shape.
    Add,
    /// Maximum over windows. Padding is never the maximum.
    MaxPool(Window),
    /// Mean over windows in ceil mode. Padding and pixels past the edge do not count
    /// (`AvgPool2d(ceil_mode=True, count_include_pad=False)`).
    AvgPool(Window),
    /// Mean over all pixels, to 1×1 (`AdaptiveAvgPool2d(1)`).
    GlobalAvgPool,
    /// Flattening of `[H, W, C]` to a vector in PyTorch's order, C×H×W.
    Flatten,
    /// Fully connected layer on a vector (1×1 pixels).
    Linear(Linear),
    /// Parameter-free shortcut (option A): every `stride`-th pixel, with zero channels added up to
    /// the node's channel count.
    ShortcutA {
        /// Step between the copied pixels.
        stride: usize,
        /// Number of zero channels before the copied channels.
        before: usize,
    },
    /// `exp(x)/Σexp(x)` over channels.
    Softmax,
    /// Remainder of a batch norm that no convolution could absorb: `x·scale + shift`, then an
    /// optional ReLU. Only the passes create this operation.
    ScaleShift {
        /// Name of the `[channels]` factors.
        scale: String,
        /// Name of the `[channels]` summands.
        shift: String,
        /// Set if negative results are replaced with 0.
        relu: bool,
    },
}

impl Op {
    /// Returns the operation's short name, as printed in tables.
    pub fn kind(&self) -> &'static str {
        match self {
            Op::Input => "input",
            Op::Conv2d(_) => "conv2d",
            Op::BatchNorm(_) => "batch_norm",
            Op::Relu => "relu",
            Op::Add => "add",
            Op::MaxPool(_) => "max_pool",
            Op::AvgPool(_) => "avg_pool",
            Op::GlobalAvgPool => "global_avg_pool",
            Op::Flatten => "flatten",
            Op::Linear(_) => "linear",
            Op::ShortcutA { .. } => "shortcut_a",
            Op::Softmax => "softmax",
            Op::ScaleShift { .. } => "scale_shift",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_counts_match_pytorch() {
        // torch.nn.Conv2d(7, stride 2, padding 3) on 224 gives 112.
        assert_eq!(Window::new(7, 2, 3).outputs(224), Some(112));
        assert_eq!(Window::new(3, 2, 1).outputs(1), Some(1));
        assert_eq!(Window::new(3, 1, 0).outputs(2), None);
        // torch.nn.AvgPool2d(2, 2, ceil_mode=True) on 7, 8 and 1 gives 4, 4, 1.
        for (extent, want) in [(7, 4), (8, 4), (1, 1)] {
            assert_eq!(Window::new(2, 2, 0).outputs_ceil(extent), Some(want));
        }
    }

    #[test]
    fn windows_that_make_no_sense_fit_nowhere() {
        for window in [Window::new(3, 0, 1), Window::new(3, 1, usize::MAX)] {
            assert_eq!(window.outputs(8), None);
            assert_eq!(window.outputs_ceil(8), None);
        }
        assert_eq!(
            Window::new(1, 1, 0).outputs_ceil(usize::MAX),
            Some(usize::MAX)
        );
    }
}
