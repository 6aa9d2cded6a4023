//! What a network is: the one configuration that describes every ResNet (and
//! the papers' yardsticks), from which [`Network::graph`](crate::models)
//! builds the graph.

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
    /// 1×1, 3×3, 1×1 (He 2015, figure 5 right).
    Bottleneck,
    /// One 3×3 convolution; each stage ends in a 2×2 max pool (VGG).
    Single,
}

/// What comes before the first stage.
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
    /// 7×7 stride 2, then 3×3 max pool stride 2 (ImageNet).
    Conv7x7,
    /// 3×3 stride 1 without pooling (CIFAR).
    Conv3x3,
    /// Three 3×3 convolutions, the first of stride 2, then the 3×3 max pool
    /// (ResNet-D): widths of the first two; the third has the stem's width.
    Deep([usize; 2]),
    /// Nothing: the first stage reads the image (VGG).
    None,
}

/// How a block's input joins its output (He 2015, section 3.3).
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
    /// No shortcut at all: a plain network.
    None,
    /// Option A: subsampling and zero channels where shapes change.
    A(ZeroChannels),
    /// Option B: projection where shapes change, identity elsewhere.
    B,
    /// Option C: projections everywhere.
    C,
}

/// How a projection halves the resolution.
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
    /// 2×2 average pool (ceil mode, padding not counted), then a 1×1
    /// convolution of stride 1 (ResNet-D).
    AvgPool,
}

/// Where batch norm and ReLU stand.
///
/// ```
/// use resnet_wgpu::Network;
/// use resnet_wgpu::low_level::models::ActivationOrder;
///
/// assert_eq!(Network::preset("resnet18").expect("a preset").order, ActivationOrder::Post);
/// // timm's `resnetv2_50`.
/// assert_eq!(Network::preset("preact-resnet50").expect("a preset").order, ActivationOrder::Pre);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActivationOrder {
    /// conv → BN → ReLU (He 2015).
    Post,
    /// BN → ReLU → conv, last BN and ReLU before the pool (He 2016).
    Pre,
}

/// Which convolution of a bottleneck has the stride. Shapes cannot tell.
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
    /// The 3×3 (torchvision's v1.5).
    Conv3x3,
    /// The first 1×1 (the paper's; v1).
    First1x1,
}

/// What follows a convolution.
///
/// ```
/// use resnet_wgpu::Network;
/// use resnet_wgpu::low_level::models::Norm;
///
/// // As a checkpoint has it whose batch norms were folded into the convolutions.
/// let mut net = Network::preset("resnet18").expect("a preset");
/// net.norm = Norm::Bias;
/// let graph = net.graph(224, 224)?;
/// assert!(graph.nodes.iter().all(|node| node.op.kind() != "batch_norm"));
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Norm {
    /// Batch normalisation, convolutions without bias.
    BatchNorm,
    /// Batch normalisation, convolutions with bias (vgg19-bn).
    BatchNormAndBias,
    /// Nothing: convolutions with bias (vgg19, or BN folded away before).
    Bias,
}

/// What comes after the last stage.
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
    /// VGG's: C×H×W flattened, two hidden linear layers with ReLU, one
    /// linear layer. The value is the hidden width; the last stage must give
    /// 7×7 pixels.
    Mlp(usize),
}

/// The names that a network's checkpoint gives its tensors and modules.
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
    /// `conv1`, `layer1.0.conv1`, `layer2.0.downsample.0`, `fc` (torchvision
    /// and timm's `resnet`).
    Torchvision,
    /// As torchvision, but `shortcut.0` and `linear` (CIFAR code).
    Cifar,
    /// `stem.conv`, `stages.0.blocks.0.norm1`, `head.fc` as 1×1 convolution
    /// (timm's `resnetv2`).
    TimmV2,
    /// `resnet.encoder.stages.0.layers.0.layer.0.convolution`,
    /// `classifier.1` (Hugging Face `transformers`).
    HuggingFace,
}

/// A network of the ResNet papers, completely described.
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
    /// The preset's name, or what recognition calls it.
    pub name: String,
    /// The repeated unit.
    pub block: Block,
    /// Blocks in each stage.
    pub depths: Vec<usize>,
    /// Channels of the stem's output.
    pub stem_width: usize,
    /// Channels inside the blocks of each stage (of the 3×3 convolution).
    pub inner: Vec<usize>,
    /// Channels that each stage puts out.
    pub widths: Vec<usize>,
    /// Groups of the 3×3 convolutions.
    pub groups: usize,
    /// What comes first.
    pub stem: Stem,
    /// How shortcuts match shapes.
    pub shortcut: Shortcut,
    /// How projections halve the resolution.
    pub projection: Projection,
    /// Where batch norm and ReLU stand.
    pub order: ActivationOrder,
    /// Which convolution of a bottleneck has the stride.
    pub stride_placement: StridePlacement,
    /// What follows a convolution.
    pub norm: Norm,
    /// Added to the variance in batch norm.
    pub eps: f64,
    /// What comes last.
    pub head: Head,
    /// Classes of the last layer.
    pub classes: usize,
    /// How its checkpoint names tensors.
    pub naming: Naming,
}

impl Network {
    /// Side of the images that the network was made for, in pixels.
    pub fn native_size(&self) -> usize {
        match self.stem {
            Stem::Conv3x3 => 32,
            _ => 224,
        }
    }

    /// Blocks in all stages together.
    pub fn blocks(&self) -> usize {
        self.depths.iter().sum()
    }

    /// Stride of a stage's first block.
    pub fn stage_stride(&self, stage: usize) -> usize {
        match self.block {
            // VGG halves the resolution by pooling behind each stage.
            Block::Single => 1,
            _ if stage == 0 => 1,
            _ => 2,
        }
    }
}
