//! Kernel families, and the tiles into which kernels divide their work.

/// The computation that a kernel performs. Kernels of one family have the same parameter struct and
/// read the same values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum KernelFamily {
    /// Convolution with one group.
    Conv,
    /// Grouped convolution.
    GroupedConv,
    /// Fully connected layer.
    Linear,
    /// Maximum over windows.
    MaxPool,
    /// Mean over windows.
    AvgPool,
    /// Mean over all pixels.
    GlobalAvgPool,
    /// Sum of two activations.
    Add,
    /// `max(x, 0)`.
    Relu,
    /// `x·scale + shift`, optionally with a ReLU.
    ScaleShift,
    /// Shortcut without weights (option A of He et al. 2015).
    ShortcutA,
    /// Softmax over channels.
    Softmax,
    /// Conversion of a run's input images. Runs before the graph and is no node of the graph.
    Ingest,
    /// Sum of the parts of a split reduction; one kernel of a convolution.
    SumParts,
    /// Winograd's input transform; one kernel of a convolution.
    WinogradInput,
    /// Winograd's output transform; one kernel of a convolution.
    WinogradOutput,
}

impl KernelFamily {
    /// Returns the number of values that the family's kernels read, parameters excluded. A
    /// [`KernelVariant`](super::KernelVariant) may read more.
    pub fn reads(self) -> usize {
        match self {
            KernelFamily::Conv | KernelFamily::GroupedConv | KernelFamily::Linear => 4,
            KernelFamily::ScaleShift | KernelFamily::SumParts | KernelFamily::WinogradOutput => 3,
            KernelFamily::Add => 2,
            _ => 1,
        }
    }

    /// Returns whether every device must support the family: no other kernels compute its
    /// operation.
    pub fn is_needed(self) -> bool {
        self.is_operation()
    }

    /// Returns whether the family's kernels compute a whole operation rather than one part of a
    /// convolution.
    pub fn is_operation(self) -> bool {
        !matches!(
            self,
            KernelFamily::SumParts | KernelFamily::WinogradInput | KernelFamily::WinogradOutput
        )
    }
}

/// The elements over which a tiled kernel's reduction runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reduction {
    /// The quads of a window: kernel rows × columns × quads of input channels.
    Window,
    /// The quads of input channels; only for 1×1 kernels without padding.
    Pointwise,
    /// Kernel rows × columns × 3 scalars; only for three input channels.
    Rgb,
}

impl Reduction {
    /// Returns the reduction's name in templates.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Pointwise => "pointwise",
            Self::Rgb => "rgb",
        }
    }
}

/// The tile into which a kernel divides its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tile {
    /// A subgroup computes `pixels` × `4·lanes` channels and exchanges inputs by shuffles.
    Shuffle {
        /// Lanes of a subgroup.
        lanes: usize,
        /// Output pixels of a subgroup's tile.
        pixels: usize,
    },
    /// A subgroup computes `pixels` of one row × `4·lanes` channels. Only for convolutions of three
    /// channels with the given kernel extent and stride.
    Stem {
        /// Lanes of a subgroup.
        lanes: usize,
        /// Output pixels of a subgroup's tile.
        pixels: usize,
        /// Kernel extent.
        kernel: usize,
        /// Stride.
        stride: usize,
    },
    /// A workgroup computes `bm` pixels × `bn` quads in steps of `bk` quads. Each invocation
    /// computes `tm` pixels × `tn` quads of the tile.
    Gemm {
        /// Output pixels of a tile.
        bm: usize,
        /// Output quads of a tile.
        bn: usize,
        /// Input quads of a step.
        bk: usize,
        /// Output pixels of an invocation.
        tm: usize,
        /// Output quads of an invocation.
        tn: usize,
        /// The elements over which the kernel sums.
        reduction: Reduction,
    },
    /// A workgroup computes `bm` pixels × `bn` quads in steps of `bk` quads, by cooperative
    /// matrices of `size`×`size`. Each subgroup holds the matrices of its part of the tile.
    Cooperative {
        /// Rows and columns of a matrix.
        size: usize,
        /// Lanes of a subgroup.
        lanes: usize,
        /// Output pixels of a tile.
        bm: usize,
        /// Output quads of a tile.
        bn: usize,
        /// Input quads of a step.
        bk: usize,
        /// Subgroups along the pixels and along the output quads.
        subgroups: (usize, usize),
        /// Stores the tiles in workgroup memory as `vec4`. Metal loads matrices only from
        /// scalars.
        vector: bool,
        /// The elements over which the kernel sums.
        reduction: Reduction,
    },
    /// An invocation computes `pixels` pixels × one quad of a grouped convolution.
    Direct {
        /// Output pixels of an invocation.
        pixels: usize,
        /// Requires groups of whole quads, for both input and output.
        aligned: bool,
    },
    /// An invocation computes `pixels` pixels of a row × one quad of a grouped convolution. The
    /// stride is 1, and groups are whole quads.
    Row {
        /// Output pixels of an invocation.
        pixels: usize,
        /// Side of the window.
        kernel: usize,
    },
    /// A workgroup computes `quads` quads, with `slices` invocations sharing each reduction.
    Reduce {
        /// Output quads of a workgroup.
        quads: usize,
        /// Invocations that share a quad's reduction.
        slices: usize,
    },
    /// An invocation transforms one quad of a tile whose output is `output`×`output` pixels.
    Winograd {
        /// Side of an output tile.
        output: usize,
    },
    /// An invocation computes one quad.
    Flat,
    /// An invocation converts the bytes of four pixels.
    Bytes,
}
