//! The flat table of kernels. A new variant is a new row.

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
            Family::ScaleShift | Family::WinogradOutput => 3,
            Family::Add => 2,
            _ => 1,
        }
    }

    /// Whether its kernels compute an operation by themselves, rather than a
    /// stage of one.
    pub fn is_operation(self) -> bool {
        !matches!(self, Family::WinogradInput | Family::WinogradOutput)
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
        /// For 1×1 kernels without padding only.
        pointwise: bool,
    },
    /// An invocation makes `pixels` pixels × one quad of a grouped
    /// convolution.
    Direct {
        /// Output pixels of an invocation.
        pixels: usize,
        /// Groups are whole quads, in and out.
        aligned: bool,
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
        let (subgroup, floats) = match self.tile {
            Tile::Shuffle { lanes, .. } => (lanes, 0),
            Tile::Gemm { bm, bn, bk, .. } => (0, 4 * (bm * bk + 4 * bk * bn)),
            Tile::Reduce { quads, slices } => (0, 4 * quads * slices),
            Tile::Flat if self.family == Family::Softmax => (0, self.workgroup),
            Tile::Direct { .. } | Tile::Winograd { .. } | Tile::Flat => (0, 0),
        };
        Needs {
            subgroup: subgroup as u32,
            workgroup_bytes: 4 * floats as u32,
            invocations: self.workgroup as u32,
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

const fn gemm(
    name: &'static str,
    (bm, bn, bk): (usize, usize, usize),
    (tm, tn): (usize, usize),
    pointwise: bool,
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
            pointwise,
        },
        workgroup: bm / tm * (bn / tn),
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

const fn reduce(name: &'static str, family: Family, shader: &'static str) -> Kernel {
    Kernel {
        name,
        family,
        shader,
        tile: Tile::Reduce {
            quads: 8,
            slices: 8,
        },
        workgroup: 64,
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

/// Every kernel variant. Within a family the first that a device can run and
/// that fits the problem is the fallback; `plan::choose` picks among them.
pub const KERNELS: &[Kernel] = &[
    // 56 divides ResNet's 56², 28², and wastes little of 14² and 7²; the small
    // tile is for CIFAR's 8² and other short problems.
    shuffle("conv.shuffle8.56", 8, 56),
    shuffle("conv.shuffle8.32", 8, 32),
    shuffle("conv.shuffle16.48", 16, 48),
    shuffle("conv.shuffle16.32", 16, 32),
    gemm("conv.tiled.128x128", (128, 32, 4), (8, 2), false),
    gemm("conv.tiled.128x64", (128, 16, 4), (8, 1), false),
    gemm("conv.tiled.64x64", (64, 16, 4), (4, 1), false),
    gemm("conv.tiled.32x32", (32, 8, 4), (4, 1), false),
    gemm("conv1x1.tiled.128x128", (128, 32, 4), (8, 2), true),
    gemm("conv1x1.tiled.128x64", (128, 16, 4), (8, 1), true),
    gemm("conv1x1.tiled.64x64", (64, 16, 4), (4, 1), true),
    gemm("conv1x1.tiled.32x32", (32, 8, 4), (4, 1), true),
    direct("conv.grouped.quads", true),
    direct("conv.grouped.any", false),
    reduce("linear", Family::Linear, "linear.wgsl"),
    flat("max_pool", Family::MaxPool, "pool.wgsl"),
    flat("avg_pool", Family::AvgPool, "pool.wgsl"),
    reduce(
        "global_avg_pool",
        Family::GlobalAvgPool,
        "global_avg_pool.wgsl",
    ),
    flat("add", Family::Add, "elementwise.wgsl"),
    flat("relu", Family::Relu, "elementwise.wgsl"),
    flat("scale_shift", Family::ScaleShift, "elementwise.wgsl"),
    flat("shortcut_a", Family::ShortcutA, "shortcut_a.wgsl"),
    flat("softmax", Family::Softmax, "softmax.wgsl"),
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
                Tile::Gemm { bm, bn, bk, .. } => {
                    let t = k.workgroup;
                    assert_eq!(
                        ((bm * bk) % t, (4 * bk * bn) % t, t % bk),
                        (0, 0, 0),
                        "{}",
                        k.name
                    );
                }
                Tile::Reduce { quads, slices } => assert_eq!(quads * slices, k.workgroup),
                Tile::Direct { .. } | Tile::Winograd { .. } | Tile::Flat => {}
            }
        }
    }

    /// WebGPU's default limits suffice for all but the subgroup kernels.
    #[test]
    fn default_limits_suffice() {
        for k in KERNELS {
            let needs = k.needs();
            assert!(needs.workgroup_bytes <= 16_384, "{}", k.name);
            assert!(needs.invocations <= 256, "{}", k.name);
            assert!(k.family.reads() < 8, "{}", k.name);
        }
    }
}
