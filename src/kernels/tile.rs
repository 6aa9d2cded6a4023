//! What a kernel computes, and the shape of its work.

/// What a kernel computes; each family has one parameter struct, and reads the
/// same values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Family {
    /// Convolution of one group.
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
    /// `x·scale + shift`, then perhaps ReLU.
    ScaleShift,
    /// Option A's shortcut.
    ShortcutA,
    /// Softmax over channels.
    Softmax,
    /// Taking a run's images in; not of a graph, but before it.
    Ingest,
    /// Sum of the parts of a split reduction; a stage of a convolution.
    SumParts,
    /// Winograd's transform of a convolution's input; a stage of one.
    WinogradInput,
    /// Winograd's transform to a convolution's output; a stage of one.
    WinogradOutput,
}

impl Family {
    /// Values that the family's kernels read besides their parameters; a
    /// [`Variant`](super::Variant) may read more.
    pub fn reads(self) -> usize {
        match self {
            Family::Conv | Family::GroupedConv | Family::Linear => 4,
            Family::ScaleShift | Family::SumParts | Family::WinogradOutput => 3,
            Family::Add => 2,
            _ => 1,
        }
    }

    /// Whether networks cannot do without it: its kernels are the only ones that
    /// compute an operation.
    pub fn is_needed(self) -> bool {
        self.is_operation()
    }

    /// Whether its kernels compute an operation by themselves, rather than a
    /// stage of one.
    pub fn is_operation(self) -> bool {
        !matches!(
            self,
            Family::SumParts | Family::WinogradInput | Family::WinogradOutput
        )
    }
}

/// What a tiled kernel's reduction runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reduction {
    /// The windows' quads: kernel rows × columns × quads of input channels.
    Window,
    /// The quads of input channels: for 1×1 kernels without padding only.
    Pointwise,
    /// Kernel rows × columns × 3 scalars: for three input channels only.
    Rgb,
}

impl Reduction {
    /// Its name in templates.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Pointwise => "pointwise",
            Self::Rgb => "rgb",
        }
    }
}

/// The shape of a kernel's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tile {
    /// A subgroup makes `pixels` × `4·lanes` channels by shuffles.
    Shuffle {
        /// Lanes of a subgroup.
        lanes: usize,
        /// Output pixels of a subgroup's tile.
        pixels: usize,
    },
    /// A subgroup makes `pixels` of one row × `4·lanes` channels of a
    /// convolution of three channels with one certain window.
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
    /// A workgroup makes `bm` pixels × `bn` quads in steps of `bk` quads, an
    /// invocation `tm` pixels × `tn` quads of it.
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
        /// What it sums over.
        reduction: Reduction,
    },
    /// The same by cooperative matrices, `size`×`size` each, of which every
    /// subgroup holds its part of the tile.
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
        /// Whether tiles lie in workgroup memory as `vec4`: Metal loads
        /// matrices from scalars alone.
        vector: bool,
        /// What it sums over.
        reduction: Reduction,
    },
    /// An invocation makes `pixels` pixels × one quad of a grouped
    /// convolution.
    Direct {
        /// Output pixels of an invocation.
        pixels: usize,
        /// Groups are whole quads, in and out.
        aligned: bool,
    },
    /// An invocation makes `pixels` pixels of a row × one quad of a grouped
    /// convolution of stride 1, whose groups are whole quads.
    Row {
        /// Output pixels of an invocation.
        pixels: usize,
        /// Side of the window.
        kernel: usize,
    },
    /// A workgroup makes `quads` quads, `slices` invocations sharing each
    /// reduction.
    Reduce {
        /// Output quads of a workgroup.
        quads: usize,
        /// Invocations that share a quad's reduction.
        slices: usize,
    },
    /// An invocation transforms one quad of a tile whose output is
    /// `output`×`output` pixels.
    Winograd {
        /// Side of an output tile.
        output: usize,
    },
    /// An invocation makes one quad.
    Flat,
    /// An invocation makes four pixels of their bytes.
    Bytes,
}
