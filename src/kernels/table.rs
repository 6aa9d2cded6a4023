//! The flat table of kernels. A new variant is a new row.

use super::cooperative::Layout;

/// What a kernel computes; each family has one parameter struct and one
/// binding layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// Sum of the parts of a split reduction; a stage of a convolution.
    SumParts,
    /// Winograd's transform of a convolution's input; a stage of one.
    WinogradInput,
    /// Winograd's transform to a convolution's output; a stage of one.
    WinogradOutput,
}

impl Family {
    /// Buffers that the family's kernels read besides their parameters; one
    /// more is written.
    pub fn reads(self) -> usize {
        match self {
            Family::Conv | Family::GroupedConv | Family::Linear => 4,
            Family::ScaleShift | Family::SumParts | Family::WinogradOutput => 3,
            Family::Add => 2,
            _ => 1,
        }
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
}

/// What a kernel needs of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// Subgroups of exactly that many lanes; 0 for none.
    pub subgroup: u32,
    /// Bytes of workgroup memory.
    pub workgroup_bytes: u32,
    /// Invocations of a workgroup.
    pub invocations: u32,
    /// Cooperative matrices of that size, f16 into f32; 0 for none.
    pub cooperative: u32,
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel {
    /// Unique name, as plans print it.
    pub name: &'static str,
    /// What it computes.
    pub family: Family,
    /// Template in `shaders/`.
    pub shader: &'static str,
    /// The shape of its work.
    pub tile: Tile,
    /// Invocations of a workgroup.
    pub workgroup: usize,
}

impl Kernel {
    /// What the kernel needs of a device.
    pub fn needs(&self) -> Needs {
        let mut cooperative = 0;
        let (subgroup, floats) = match self.tile {
            Tile::Cooperative { size, lanes, .. } => {
                cooperative = size as u32;
                let bytes = Layout::new(&self.tile).map_or(0, |l| l.workgroup_bytes());
                (lanes, bytes.div_ceil(4))
            }
            Tile::Shuffle { lanes, .. } | Tile::Stem { lanes, .. } => (lanes, 0),
            // Twice a step of both tiles.
            Tile::Gemm { bm, bn, bk, .. } => (0, 8 * (bm * bk + 4 * bk * bn)),
            Tile::Reduce { quads, slices } => (0, 4 * quads * slices),
            Tile::Flat if self.family == Family::Softmax => (0, self.workgroup),
            Tile::Direct { .. } | Tile::Row { .. } | Tile::Winograd { .. } | Tile::Flat => (0, 0),
        };
        Needs {
            subgroup: subgroup as u32,
            workgroup_bytes: 4 * floats as u32,
            invocations: self.workgroup as u32,
            cooperative,
        }
    }
}

const fn shuffle(name: &'static str, lanes: usize, pixels: usize) -> Kernel {
    Kernel {
        name,
        family: Family::Conv,
        shader: "conv_shuffle.wgsl",
        tile: Tile::Shuffle { lanes, pixels },
        workgroup: 64,
    }
}

const fn stem(
    name: &'static str,
    lanes: usize,
    pixels: usize,
    (kernel, stride): (usize, usize),
) -> Kernel {
    Kernel {
        name,
        family: Family::Conv,
        shader: "conv_stem.wgsl",
        tile: Tile::Stem {
            lanes,
            pixels,
            kernel,
            stride,
        },
        workgroup: 64,
    }
}

const fn gemm(
    name: &'static str,
    (bm, bn, bk): (usize, usize, usize),
    (tm, tn): (usize, usize),
    reduction: Reduction,
) -> Kernel {
    Kernel {
        name,
        family: Family::Conv,
        shader: "conv_tiled.wgsl",
        tile: Tile::Gemm {
            bm,
            bn,
            bk,
            tm,
            tn,
            reduction,
        },
        workgroup: bm / tm * (bn / tn),
    }
}

const fn matrices(
    name: &'static str,
    (size, lanes, vector): (usize, usize, bool),
    (bm, bn, bk): (usize, usize, usize),
    subgroups: (usize, usize),
    reduction: Reduction,
) -> Kernel {
    Kernel {
        name,
        family: Family::Conv,
        shader: "conv_cooperative.wgsl",
        tile: Tile::Cooperative {
            size,
            lanes,
            bm,
            bn,
            bk,
            subgroups,
            vector,
            reduction,
        },
        workgroup: subgroups.0 * subgroups.1 * lanes,
    }
}

const fn direct(name: &'static str, aligned: bool) -> Kernel {
    Kernel {
        name,
        family: Family::GroupedConv,
        shader: "conv_grouped.wgsl",
        tile: Tile::Direct { pixels: 4, aligned },
        workgroup: 64,
    }
}

const fn reduce(
    name: &'static str,
    family: Family,
    shader: &'static str,
    (quads, slices): (usize, usize),
) -> Kernel {
    Kernel {
        name,
        family,
        shader,
        tile: Tile::Reduce { quads, slices },
        workgroup: quads * slices,
    }
}

const fn winograd(
    name: &'static str,
    family: Family,
    shader: &'static str,
    output: usize,
) -> Kernel {
    Kernel {
        name,
        family,
        shader,
        tile: Tile::Winograd { output },
        workgroup: 64,
    }
}

const fn flat(name: &'static str, family: Family, shader: &'static str) -> Kernel {
    Kernel {
        name,
        family,
        shader,
        tile: Tile::Flat,
        workgroup: 64,
    }
}

const WINDOW: Reduction = Reduction::Window;
const POINTWISE: Reduction = Reduction::Pointwise;
const RGB: Reduction = Reduction::Rgb;

/// Every kernel variant. Within a family the first that a device can run and
/// that fits the problem is the fallback; `plan::choose` picks among them.
pub const KERNELS: &[Kernel] = &[
    // 56 divides ResNet's 56², 28², and wastes little of 14² and 7²; the small
    // tile is for CIFAR's 8² and other short problems.
    shuffle("conv.shuffle8.56", 8, 56),
    shuffle("conv.shuffle8.32", 8, 32),
    shuffle("conv.shuffle16.48", 16, 48),
    shuffle("conv.shuffle16.32", 16, 32),
    // ImageNet's stem makes rows of 112 pixels and has a deep variant; CIFAR's
    // makes rows of 32.
    stem("conv7x7s2.stem8", 8, 28, (7, 2)),
    stem("conv3x3s2.stem8", 8, 28, (3, 2)),
    stem("conv3x3s1.stem8", 8, 32, (3, 1)),
    stem("conv7x7s2.stem16", 16, 28, (7, 2)),
    stem("conv3x3s2.stem16", 16, 28, (3, 2)),
    stem("conv3x3s1.stem16", 16, 32, (3, 1)),
    gemm("conv.tiled.128x128", (128, 32, 2), (8, 2), WINDOW),
    gemm("conv.tiled.128x64", (128, 16, 2), (8, 2), WINDOW),
    gemm("conv.tiled.64x128", (64, 32, 2), (8, 2), WINDOW),
    gemm("conv.tiled.64x64", (64, 16, 4), (4, 2), WINDOW),
    gemm("conv.tiled.32x32", (32, 8, 4), (4, 1), WINDOW),
    gemm("conv1x1.tiled.128x128", (128, 32, 2), (8, 2), POINTWISE),
    gemm("conv1x1.tiled.128x64", (128, 16, 2), (8, 2), POINTWISE),
    gemm("conv1x1.tiled.64x128", (64, 32, 2), (8, 2), POINTWISE),
    gemm("conv1x1.tiled.64x64", (64, 16, 4), (4, 2), POINTWISE),
    gemm("conv1x1.tiled.32x32", (32, 8, 4), (4, 1), POINTWISE),
    gemm("conv_rgb.tiled.128x64", (128, 16, 2), (8, 2), RGB),
    gemm("conv_rgb.tiled.64x64", (64, 16, 4), (4, 2), RGB),
    gemm("conv_rgb.tiled.32x32", (32, 8, 4), (4, 1), RGB),
    // Matrices of 16 for subgroups of 32 (NVIDIA) and 64 (AMD); of 8 for
    // subgroups of 32 (Apple) and 8 (lavapipe).
    matrices(
        "conv.coop16x32.128x128",
        (16, 32, true),
        (128, 32, 8),
        (2, 4),
        WINDOW,
    ),
    matrices(
        "conv.coop16x32.64x64",
        (16, 32, true),
        (64, 16, 8),
        (2, 2),
        WINDOW,
    ),
    matrices(
        "conv1x1.coop16x32.128x128",
        (16, 32, true),
        (128, 32, 8),
        (2, 4),
        POINTWISE,
    ),
    matrices(
        "conv1x1.coop16x32.64x64",
        (16, 32, true),
        (64, 16, 8),
        (2, 2),
        POINTWISE,
    ),
    matrices(
        "conv.coop16x64.128x128",
        (16, 64, true),
        (128, 32, 8),
        (2, 2),
        WINDOW,
    ),
    matrices(
        "conv.coop16x64.64x64",
        (16, 64, true),
        (64, 16, 8),
        (2, 2),
        WINDOW,
    ),
    matrices(
        "conv1x1.coop16x64.128x128",
        (16, 64, true),
        (128, 32, 8),
        (2, 2),
        POINTWISE,
    ),
    matrices(
        "conv1x1.coop16x64.64x64",
        (16, 64, true),
        (64, 16, 8),
        (2, 2),
        POINTWISE,
    ),
    matrices(
        "conv.coop8x32.64x64",
        (8, 32, false),
        (64, 16, 8),
        (2, 2),
        WINDOW,
    ),
    matrices(
        "conv1x1.coop8x32.64x64",
        (8, 32, false),
        (64, 16, 8),
        (2, 2),
        POINTWISE,
    ),
    matrices(
        "conv.coop8x8.64x64",
        (8, 8, true),
        (64, 16, 8),
        (2, 2),
        WINDOW,
    ),
    matrices(
        "conv1x1.coop8x8.64x64",
        (8, 8, true),
        (64, 16, 8),
        (2, 2),
        POINTWISE,
    ),
    matrices(
        "conv.coop8x8.32x64",
        (8, 8, false),
        (32, 16, 4),
        (1, 2),
        WINDOW,
    ),
    Kernel {
        name: "conv3x3s1.grouped.row7",
        family: Family::GroupedConv,
        shader: "conv_grouped_row.wgsl",
        tile: Tile::Row {
            pixels: 7,
            kernel: 3,
        },
        workgroup: 64,
    },
    direct("conv.grouped.quads", true),
    direct("conv.grouped.any", false),
    // 1000 features are 63 workgroups of the second, 128 invocations each: it
    // keeps enough reads in flight to fill a large GPU's memory bus.
    reduce("linear", Family::Linear, "linear.wgsl", (8, 8)),
    reduce("linear.slices32", Family::Linear, "linear.wgsl", (4, 32)),
    flat("max_pool", Family::MaxPool, "pool.wgsl"),
    flat("avg_pool", Family::AvgPool, "pool.wgsl"),
    reduce(
        "global_avg_pool",
        Family::GlobalAvgPool,
        "global_avg_pool.wgsl",
        (8, 8),
    ),
    flat("add", Family::Add, "elementwise.wgsl"),
    flat("relu", Family::Relu, "elementwise.wgsl"),
    flat("scale_shift", Family::ScaleShift, "elementwise.wgsl"),
    flat("shortcut_a", Family::ShortcutA, "shortcut_a.wgsl"),
    flat("softmax", Family::Softmax, "softmax.wgsl"),
    flat("sum_parts", Family::SumParts, "sum_parts.wgsl"),
    winograd(
        "winograd2.input",
        Family::WinogradInput,
        "winograd_input.wgsl",
        2,
    ),
    winograd(
        "winograd2.output",
        Family::WinogradOutput,
        "winograd_output.wgsl",
        2,
    ),
    winograd(
        "winograd4.input",
        Family::WinogradInput,
        "winograd_input.wgsl",
        4,
    ),
    winograd(
        "winograd4.output",
        Family::WinogradOutput,
        "winograd_output.wgsl",
        4,
    ),
];

/// The kernel of that name.
pub fn find(name: &str) -> Option<&'static Kernel> {
    KERNELS.iter().find(|k| k.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_tiles_divide() {
        for (i, k) in KERNELS.iter().enumerate() {
            assert!(
                KERNELS[..i].iter().all(|other| other.name != k.name),
                "{}",
                k.name
            );
            match k.tile {
                Tile::Shuffle { lanes, pixels } => {
                    assert_eq!((pixels % lanes, k.workgroup % lanes), (0, 0), "{}", k.name);
                }
                Tile::Stem { lanes, .. } => {
                    assert_eq!(k.workgroup % lanes, 0, "{}", k.name);
                }
                Tile::Gemm {
                    bm, bn, bk, tm, tn, ..
                } => {
                    let t = k.workgroup;
                    // Whole loads, whole blocks of 8 pixels × 4 quads, and
                    // steps of 8 pixels, which the swizzle keeps apart.
                    let over = [(bm * bk) % t, (4 * bk * bn) % t, 8 % bk, t % 32];
                    let steps = [t / bk % 8, bm / tm % 8, bn / tn % 4];
                    assert_eq!((over, steps), ([0; 4], [0; 3]), "{}", k.name);
                }
                Tile::Cooperative {
                    size,
                    bm,
                    bn,
                    bk,
                    subgroups: (m, n),
                    ..
                } => {
                    let t = k.workgroup;
                    let over = [(bm * bk) % t, (4 * bk * bn) % t, t % bk];
                    let whole = [bm % (m * size), 4 * bn % (n * size), 4 * bk % size];
                    assert_eq!((over, whole), ([0; 3], [0; 3]), "{}", k.name);
                }
                Tile::Reduce { quads, slices } => assert_eq!(quads * slices, k.workgroup),
                Tile::Direct { .. } | Tile::Row { .. } | Tile::Winograd { .. } | Tile::Flat => {}
            }
        }
    }

    /// WebGPU's default limits suffice for all but the subgroup kernels.
    #[test]
    fn default_limits_suffice() {
        for k in KERNELS {
            let needs = k.needs();
            // Who has cooperative matrices has more workgroup memory.
            let most = if needs.cooperative > 0 {
                32_768
            } else {
                16_384
            };
            assert!(needs.workgroup_bytes <= most, "{}", k.name);
            assert!(needs.invocations <= 256, "{}", k.name);
            assert!(k.family.reads() < 8, "{}", k.name);
        }
    }
}
