//! Estimated costs of candidates on a class of device. Only the order of the costs matters.

use super::DeviceProfile;
use crate::kernels::{
    Algorithm, Candidate, ConvProblem, Kernel, Reduction, Tile, WinogradProblem, split_parts,
};
use crate::tensor::quads;

/// Returns the relative cost of a candidate: the cost of its GEMM or convolution, plus the cost of
/// the transforms around it.
pub(super) fn cost(problem: &ConvProblem, candidate: &Candidate, profile: &DeviceProfile) -> f64 {
    match candidate.algorithm {
        Algorithm::Kernel(kernel) => conv(problem, kernel, profile),
        Algorithm::Split { gemm, .. } => {
            let (m, n) = problem.tiles(gemm);
            let parts = split_parts(problem, gemm);
            let sums = m * n * parts;
            let share = conv(problem, gemm, profile) * occupancy(m * n, profile);
            let moved = (parts + 1) * problem.pixels() * quads(problem.output.c);
            share / occupancy(sums, profile) + moved as f64 * profile.cost_model().moved_quad
        }
        Algorithm::Winograd { tile, gemm, .. } => {
            let Some(winograd) = WinogradProblem::new(*problem, tile) else {
                return f64::INFINITY;
            };
            let moved = winograd.input_quads() + winograd.output_quads();
            conv(&winograd.gemm(), gemm, profile) + moved as f64 * profile.cost_model().moved_quad
        }
    }
}

/// Returns the fraction of the device that `workgroups` workgroups occupy, at most 1.
fn occupancy(workgroups: usize, profile: &DeviceProfile) -> f64 {
    (workgroups as f64 / profile.cost_model().fill).min(1.0)
}

/// Returns the cost of a convolution with one kernel.
///
/// The cost is the work of all tiles, including padding, divided by the efficiency of the kernel
/// and by the used fraction of the device.
fn conv(problem: &ConvProblem, kernel: &Kernel, profile: &DeviceProfile) -> f64 {
    let (m, n) = problem.tiles(kernel);
    let tiles = (problem.points * m * n) as f64;
    let quads_summed = (problem.window.kernel.pow(2) * quads(problem.input.c)) as f64;
    match kernel.tile {
        // On devices with subgroups of 8 or 16 (llvmpipe, some Intel), loads cost far more than
        // arithmetic. A lane loads 4 weight quads and its share of the pixels, so a taller tile
        // does more work for each load.
        Tile::Shuffle { lanes, pixels } => {
            let loads = 4.0 + (pixels / lanes) as f64;
            tiles * lanes as f64 * quads_summed * (pixels as f64 + 2.0 * loads)
        }
        // The stem kernel needs three quarters of the multiply-adds, as it skips the padding
        // channel. It loads the columns of one window row once for all taps of the row.
        Tile::Stem {
            lanes,
            pixels,
            kernel,
            stride,
        } => {
            let columns = (pixels - 1) * stride + kernel;
            let loads = (3 * kernel + columns.div_ceil(lanes)) as f64;
            let row = 0.75 * (pixels * kernel) as f64 + 2.0 * loads;
            tiles * (lanes * kernel) as f64 * row
        }
        Tile::Gemm {
            bm,
            bn,
            tm,
            tn,
            reduction,
            ..
        } => {
            // Multiply-adds for each load from workgroup memory.
            let reuse = (tm * tn * 4) as f64 / (tm + 4 * tn) as f64;
            // A 1×1 kernel is a little cheaper, as it needs no im2col index arithmetic. With three
            // input channels, a quarter of the other kernels' work is padding.
            let indexing = match reduction {
                Reduction::Pointwise => 1.0,
                Reduction::Window => 1.1,
                Reduction::Rgb => 0.9,
            };
            let penalty = profile.cost_model().workgroup_memory;
            let full = tiles / occupancy(problem.points * m * n, profile);
            full * quads_summed * (bm * bn) as f64 / reuse * indexing * penalty
        }
        // An estimate: four times as fast as tiles in workgroup memory, whose reuse is 4 at most.
        // Cooperative matrices are available for f16 only.
        Tile::Cooperative { bm, bn, .. } => {
            let full = tiles / occupancy(problem.points * m * n, profile);
            full * quads_summed * (bm * bn) as f64 / 16.0
        }
        // Loads, at four multiply-adds each, plus multiply-adds: for one row of the window (`Row`)
        // or for one tap (`Direct`). Unaligned channels need four times as many loads.
        Tile::Row { pixels, kernel } => {
            let loads = 4 * kernel + pixels + kernel - 1;
            tiles * (kernel * (4 * loads + 4 * pixels * kernel)) as f64
        }
        Tile::Direct { pixels, aligned } => {
            let taps = problem.window.kernel.pow(2);
            let unaligned = if aligned { 1 } else { 4 };
            tiles * (taps * (4 * (4 + pixels) + 4 * pixels) * unaligned) as f64
        }
        Tile::Reduce { .. } | Tile::Winograd { .. } | Tile::Flat | Tile::Bytes => 0.0,
    }
}
