//! The configuration that describes every ResNet, and the other networks that the papers compare
//! with. [`Network::graph`](crate::models) builds the graph from it.

use crate::graph::ZeroChannels;

/// The unit that a stage repeats.
///
/// ```
/// use resnet_wgpu::Network;
/// use resnet_wgpu::low_level::models::Block;
///
/// assert_eq!(Network::preset("resnet34").expect("a preset").block, Block::Basic);
/// assert_eq!(Network::preset("resnet50").expect("a preset").block, Block::Bottleneck);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Block {
    /// Two 3×3 convolutions (He 2015, figure 5 left).
    Basic,
    /// A 1×1, a 3×3 and a 1×1 convolution (He 2015, figure 5 right).
    Bottleneck,
    /// One 3×3 convolution; each stage ends in a 2×2 max pool (VGG).
    Single,
}

/// The layers before the first stage.
///
/// ```
/// use resnet_wgpu::Network;
/// use resnet_wgpu::low_level::models::Stem;
///
/// assert_eq!(Network::preset("resnet50").expect("a preset").stem, Stem::Conv7x7);
/// assert_eq!(Network::preset("resnet20").expect("a preset").stem, Stem::Conv3x3);
/// assert_eq!(Network::preset("resnet50d").expect("a preset").stem, Stem::Deep([32, 32]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stem {
    /// 7×7 convolution of stride 2, then 3×3 max pool of stride 2 (ImageNet).
    Conv7x7,
    /// 3×3 convolution of stride 1 without pooling (CIFAR).
    Conv3x3,
    /// Three 3×3 convolutions, the first of stride 2, then the 3×3 max pool (ResNet-D). The values
    /// are the widths of the first two convolutions; the third has the stem's width.
    Deep([usize; 2]),
    /// No stem: the first stage reads the image (VGG).
    None,
}

/// The connection from a block's input to its output (He 2015, section 3.3).
///
/// ```
/// use resnet_wgpu::Network;
/// use resnet_wgpu::low_level::models::Shortcut;
///
/// let mut net = Network::preset("resnet34").expect("a preset");
/// assert_eq!(net.shortcut, Shortcut::B);
/// net.shortcut = Shortcut::C;
/// let preset = Network::preset("resnet34-c").expect("a preset");
/// assert_eq!(net.graph(224, 224)?, preset.graph(224, 224)?);
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shortcut {
    /// No shortcuts: a plain network.
    None,
    /// Option A: subsampling and zero channels if shapes change.
    A(ZeroChannels),
    /// Option B: projection if shapes change, identity otherwise.
    B,
    /// Option C: projections in all blocks.
    C,
}

/// The method by which a projection halves the resolution.
///
/// ```
/// use resnet_wgpu::low_level::graph::{Op, Window};
/// use resnet_wgpu::Network;
/// use resnet_wgpu::low_level::models::Projection;
///
/// let net = Network::preset("resnet50d").expect("a preset");
/// assert_eq!(net.projection, Projection::AvgPool);
/// let graph = net.graph(224, 224)?;
/// let pool = graph.find("layer2.0.downsample.0").expect("before the 1×1 convolution");
/// assert_eq!(graph.node(pool).op, Op::AvgPool(Window::new(2, 2, 0)));
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Projection {
    /// The 1×1 convolution has the stride.
    Strided,
    /// 2×2 average pool (ceil mode, padding not counted), then a 1×1 convolution of stride 1
    /// (ResNet-D).
    AvgPool,
}

/// The position of batch norm and ReLU.
///
/// ```
/// use resnet_wgpu::Network;
/// use resnet_wgpu::low_level::models::ActivationOrder;
///
/// assert_eq!(Network::preset("resnet18").expect("a preset").order, ActivationOrder::Post);
/// // The network that timm calls `resnetv2_50`.
/// assert_eq!(Network::preset("preact-resnet50").expect("a preset").order, ActivationOrder::Pre);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActivationOrder {
    /// conv → BN → ReLU (He 2015).
    Post,
    /// BN → ReLU → conv, with a last BN and ReLU before the pool (He 2016).
    Pre,
}

/// The convolution of a bottleneck that has the stride. Tensor shapes do not reveal this
/// convolution.
///
/// ```
/// use resnet_wgpu::Network;
/// use resnet_wgpu::low_level::models::StridePlacement;
///
/// let mut net = Network::preset("resnet50").expect("a preset");
/// net.stride_placement = StridePlacement::First1x1;
/// let v1 = Network::preset("resnet50-v1").expect("a preset");
/// assert_eq!(net.graph(224, 224)?, v1.graph(224, 224)?);
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StridePlacement {
    /// The 3×3 convolution (torchvision's v1.5).
    Conv3x3,
    /// The first 1×1 convolution (as in the paper; v1).
    First1x1,
}

/// The operation after a convolution.
///
/// ```
/// use resnet_wgpu::Network;
/// use resnet_wgpu::low_level::models::Norm;
///
/// // A checkpoint whose batch norms were folded into the convolutions has this norm.
/// let mut net = Network::preset("resnet18").expect("a preset");
/// net.norm = Norm::Bias;
/// let graph = net.graph(224, 224)?;
/// assert!(graph.nodes.iter().all(|node| node.op.kind() != "batch_norm"));
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Norm {
    /// Batch normalisation after convolutions without bias.
    BatchNorm,
    /// Batch normalisation after convolutions with bias (vgg19-bn).
    BatchNormAndBias,
    /// No operation after convolutions with bias (vgg19, or batch norms that were folded away).
    Bias,
}

/// The layers after the last stage.
///
/// ```
/// use resnet_wgpu::Network;
/// use resnet_wgpu::low_level::models::Head;
///
/// assert_eq!(Network::preset("resnet18").expect("a preset").head, Head::Linear);
/// assert_eq!(Network::preset("vgg19").expect("a preset").head, Head::Mlp(4096));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Head {
    /// Global average pool and one linear layer.
    Linear,
    /// The head of VGG: flattening of C×H×W, two hidden linear layers with ReLU, and one linear
    /// layer. The value is the hidden width. The last stage must have an output of 7×7 pixels.
    Mlp(usize),
}

/// The convention by which a network's checkpoint names its tensors and modules.
///
/// ```
/// use resnet_wgpu::low_level::models::Naming;
///
/// assert_eq!(Naming::Cifar.stored_name("fc.weight"), "linear.weight");
/// assert_eq!(
///     Naming::HuggingFace.stored_name("layer1.0.conv1.weight"),
///     "resnet.encoder.stages.0.layers.0.layer.0.convolution.weight"
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// `conv1`, `layer1.0.conv1`, `layer2.0.downsample.0`, `fc` (torchvision and timm's `resnet`).
    Torchvision,
    /// Torchvision's names, but with `shortcut.0` and `linear` (CIFAR code).
    Cifar,
    /// `stem.conv`, `stages.0.blocks.0.norm1`, `head.fc` as a 1×1 convolution (timm's `resnetv2`).
    TimmV2,
    /// `resnet.encoder.stages.0.layers.0.layer.0.convolution`, `classifier.1` (Hugging Face
    /// `transformers`).
    HuggingFace,
}

/// A complete description of a network from the ResNet papers.
///
/// ```
/// use resnet_wgpu::Network;
///
/// // ResNet-18 for 37 classes.
/// let mut net = Network::preset("resnet18").expect("a preset");
/// net.classes = 37;
/// assert_eq!(net.blocks(), 8);
/// let graph = net.graph(224, 224)?;
/// assert_eq!(graph.output_shape().c, 37);
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Name of the preset, or the name that recognition gives to the network.
    pub name: String,
    /// The repeated unit.
    pub block: Block,
    /// Blocks in each stage.
    pub depths: Vec<usize>,
    /// Channels of the stem's output.
    pub stem_width: usize,
    /// Channels inside the blocks of each stage (those of the 3×3 convolution).
    pub inner: Vec<usize>,
    /// Channels of each stage's output.
    pub widths: Vec<usize>,
    /// Groups of the 3×3 convolutions.
    pub groups: usize,
    /// The layers before the first stage.
    pub stem: Stem,
    /// The kind of shortcut.
    pub shortcut: Shortcut,
    /// The method by which projections halve the resolution.
    pub projection: Projection,
    /// The position of batch norm and ReLU.
    pub order: ActivationOrder,
    /// The convolution of a bottleneck that has the stride.
    pub stride_placement: StridePlacement,
    /// The operation after a convolution.
    pub norm: Norm,
    /// The summand that batch norm adds to the variance.
    pub eps: f64,
    /// The layers after the last stage.
    pub head: Head,
    /// Classes of the last layer.
    pub classes: usize,
    /// The convention by which the checkpoint names tensors.
    pub naming: Naming,
}

impl Network {
    /// Returns the side, in pixels, of the images that the network was designed for.
    pub fn native_size(&self) -> usize {
        match self.stem {
            Stem::Conv3x3 => 32,
            _ => 224,
        }
    }

    /// Returns the number of blocks in all stages together.
    pub fn blocks(&self) -> usize {
        self.depths.iter().sum()
    }

    /// Returns the stride of a stage's first block.
    pub fn stage_stride(&self, stage: usize) -> usize {
        match self.block {
            // VGG halves the resolution by a pool after each stage.
            Block::Single => 1,
            _ if stage == 0 => 1,
            _ => 2,
        }
    }
}
