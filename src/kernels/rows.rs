//! The flat table of kernels. To add a kernel of an existing kind, add a row.

use super::cooperative::Layout;
use super::table::Kernel;
use super::tile::{KernelFamily, Reduction, Tile};

const fn shuffle(name: &'static str, lanes: usize, pixels: usize) -> Kernel {
    Kernel {
        name,
        family: KernelFamily::Conv,
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
        family: KernelFamily::Conv,
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
        family: KernelFamily::Conv,
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

const fn matrices(name: &'static str, layout: Layout, reduction: Reduction) -> Kernel {
    let (bm, bn, bk) = layout.tile;
    Kernel {
        name,
        family: KernelFamily::Conv,
        shader: "conv_cooperative.wgsl",
        tile: Tile::Cooperative {
            size: layout.size,
            lanes: layout.lanes,
            bm,
            bn,
            bk,
            subgroups: layout.subgroups,
            vector: layout.vector,
            reduction,
        },
        workgroup: layout.subgroups.0 * layout.subgroups.1 * layout.lanes,
    }
}

const fn layout(
    (size, lanes, vector): (usize, usize, bool),
    tile: (usize, usize, usize),
    subgroups: (usize, usize),
) -> Layout {
    Layout {
        size,
        lanes,
        tile,
        subgroups,
        vector,
    }
}

// The first number is the matrix size, the second the subgroup size. 16×16 matrices: subgroups of
// 32 lanes (NVIDIA) and of 64 lanes (AMD). 8×8 matrices: subgroups of 32 lanes (Apple) and of 8
// lanes (lavapipe).
const L16X32: Layout = layout((16, 32, true), (128, 32, 8), (2, 4));
const M16X32: Layout = layout((16, 32, true), (64, 16, 8), (2, 2));
const L16X64: Layout = layout((16, 64, true), (128, 32, 8), (2, 2));
const M16X64: Layout = layout((16, 64, true), (64, 16, 8), (2, 2));
const M8X32: Layout = layout((8, 32, false), (64, 16, 8), (2, 2));
const M8X8: Layout = layout((8, 8, true), (64, 16, 8), (2, 2));
const S8X8: Layout = layout((8, 8, false), (32, 16, 4), (1, 2));

const fn direct(name: &'static str, tile: Tile) -> Kernel {
    Kernel {
        name,
        family: KernelFamily::GroupedConv,
        shader: "conv_grouped.wgsl",
        tile,
        workgroup: 64,
    }
}

const fn reduce(
    name: &'static str,
    family: KernelFamily,
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
    family: KernelFamily,
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

const fn flat(name: &'static str, family: KernelFamily, shader: &'static str) -> Kernel {
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

/// All kernels.
///
/// In each family the fallback is the first kernel that fits the problem and that the device can
/// run. `plan::choose` picks among the kernels.
pub const KERNELS: &[Kernel] = &[
    // A tile of 56 pixels divides ResNet's 56² and 28² outputs and wastes little of 14² and 7². The
    // small tiles are for CIFAR's 8² and other outputs of few pixels.
    shuffle("conv.shuffle8.56", 8, 56),
    shuffle("conv.shuffle8.32", 8, 32),
    shuffle("conv.shuffle16.48", 16, 48),
    shuffle("conv.shuffle16.32", 16, 32),
    // ImageNet's stem has output rows of 112 pixels, and also a deep variant. CIFAR's stem has
    // output rows of 32 pixels.
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
    matrices("conv.coop16x32.128x128", L16X32, WINDOW),
    matrices("conv.coop16x32.64x64", M16X32, WINDOW),
    matrices("conv1x1.coop16x32.128x128", L16X32, POINTWISE),
    matrices("conv1x1.coop16x32.64x64", M16X32, POINTWISE),
    matrices("conv.coop16x64.128x128", L16X64, WINDOW),
    matrices("conv.coop16x64.64x64", M16X64, WINDOW),
    matrices("conv1x1.coop16x64.128x128", L16X64, POINTWISE),
    matrices("conv1x1.coop16x64.64x64", M16X64, POINTWISE),
    matrices("conv.coop8x32.64x64", M8X32, WINDOW),
    matrices("conv1x1.coop8x32.64x64", M8X32, POINTWISE),
    matrices("conv.coop8x8.64x64", M8X8, WINDOW),
    matrices("conv1x1.coop8x8.64x64", M8X8, POINTWISE),
    matrices("conv.coop8x8.32x64", S8X8, WINDOW),
    Kernel {
        name: "conv3x3s1.grouped.row7",
        family: KernelFamily::GroupedConv,
        shader: "conv_grouped_row.wgsl",
        tile: Tile::Row {
            pixels: 7,
            kernel: 3,
        },
        workgroup: 64,
    },
    direct(
        "conv.grouped.quads",
        Tile::Direct {
            pixels: 4,
            aligned: true,
        },
    ),
    direct(
        "conv.grouped.any",
        Tile::Direct {
            pixels: 4,
            aligned: false,
        },
    ),
    // With the second kernel, 1000 features need 63 workgroups for each image, of 128 invocations
    // each. That keeps enough reads in flight to saturate a large GPU's memory bus.
    reduce("linear", KernelFamily::Linear, "linear.wgsl", (8, 8)),
    reduce(
        "linear.slices32",
        KernelFamily::Linear,
        "linear.wgsl",
        (4, 32),
    ),
    flat("max_pool", KernelFamily::MaxPool, "pool.wgsl"),
    flat("avg_pool", KernelFamily::AvgPool, "pool.wgsl"),
    reduce(
        "global_avg_pool",
        KernelFamily::GlobalAvgPool,
        "global_avg_pool.wgsl",
        (8, 8),
    ),
    flat("add", KernelFamily::Add, "elementwise.wgsl"),
    flat("relu", KernelFamily::Relu, "elementwise.wgsl"),
    flat("scale_shift", KernelFamily::ScaleShift, "elementwise.wgsl"),
    flat("shortcut_a", KernelFamily::ShortcutA, "shortcut_a.wgsl"),
    flat("softmax", KernelFamily::Softmax, "softmax.wgsl"),
    flat("ingest.f32", KernelFamily::Ingest, "ingest.wgsl"),
    Kernel {
        name: "ingest.rgb8",
        family: KernelFamily::Ingest,
        shader: "ingest.wgsl",
        tile: Tile::Bytes,
        workgroup: 64,
    },
    flat("sum_parts", KernelFamily::SumParts, "sum_parts.wgsl"),
    winograd(
        "winograd2.input",
        KernelFamily::WinogradInput,
        "winograd_input.wgsl",
        2,
    ),
    winograd(
        "winograd2.output",
        KernelFamily::WinogradOutput,
        "winograd_output.wgsl",
        2,
    ),
    winograd(
        "winograd4.input",
        KernelFamily::WinogradInput,
        "winograd_input.wgsl",
        4,
    ),
    winograd(
        "winograd4.output",
        KernelFamily::WinogradOutput,
        "winograd_output.wgsl",
        4,
    ),
];

/// Returns the kernel with the given name.
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
                    // The tile must divide into whole loads and into whole blocks of 8 pixels × 4
                    // quads. Steps must be 8 pixels, so that the swizzle avoids bank conflicts.
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
                Tile::Direct { .. }
                | Tile::Row { .. }
                | Tile::Winograd { .. }
                | Tile::Flat
                | Tile::Bytes => {}
            }
        }
    }

    /// WebGPU's default limits suffice for all kernels except the cooperative ones, which need more
    /// workgroup memory.
    #[test]
    fn default_limits_suffice() {
        for k in KERNELS {
            let requirements = k.requirements();
            // Devices with cooperative matrices have more workgroup memory.
            let most = if requirements.cooperative > 0 {
                32_768
            } else {
                16_384
            };
            assert!(requirements.workgroup_bytes <= most, "{}", k.name);
            assert!(requirements.invocations <= 256, "{}", k.name);
            assert!(k.family.reads() < 8, "{}", k.name);
        }
    }
}
