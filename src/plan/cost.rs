//! What a candidate costs on a class of device: estimates, of which only the
//! order matters.

use super::DeviceProfile;
use crate::kernels::{
    Candidate, ConvProblem, Kernel, Method, Reduction, Tile, WinogradProblem, split_parts,
};
use crate::tensor::quads;

/// Relative cost of a candidate: of its GEMM or convolution, and of the
/// transforms around it.
pub(super) fn cost(problem: &ConvProblem, candidate: &Candidate, profile: &DeviceProfile) -> f64 {
    match candidate.method {
        Method::Kernel(kernel) => conv(problem, kernel, profile),
        Method::Split { gemm, .. } => {
            let (m, n) = problem.tiles(gemm);
            let parts = split_parts(problem, gemm);
            let sums = m * n * parts;
            let share = conv(problem, gemm, profile) * filled(m * n, profile);
            let moved = (parts + 1) * problem.pixels() * quads(problem.output.c);
            share / filled(sums, profile) + moved as f64 * profile.traits().moved_quad
        }
        Method::Winograd { tile, gemm, .. } => {
            let Some(winograd) = WinogradProblem::new(*problem, tile) else {
                return f64::INFINITY;
            };
            let moved = winograd.input_quads() + winograd.output_quads();
            conv(&winograd.gemm(), gemm, profile) + moved as f64 * profile.traits().moved_quad
        }
    }
}

/// How much of the machine so many workgroups fill; the rest of it idles.
fn filled(workgroups: usize, profile: &DeviceProfile) -> f64 {
    (workgroups as f64 / profile.traits().fill).min(1.0)
}

/// A convolution by one kernel: the work of all its tiles, padding included,
/// over how well the kernel and the device's parallelism are used.
fn conv(problem: &ConvProblem, kernel: &Kernel, profile: &DeviceProfile) -> f64 {
    let (m, n) = problem.tiles(kernel);
    let tiles = (problem.points * m * n) as f64;
    let quads_summed = (problem.window.kernel.pow(2) * quads(problem.input.c)) as f64;
    match kernel.tile {
        // Where subgroups are 8 or 16 wide (llvmpipe, some Intel), loads cost
        // far more than arithmetic: a lane loads 4 weight quads besides its
        // share of the pixels, so a taller tile does more with each load.
        Tile::Shuffle { lanes, pixels } => {
            let loads = 4.0 + (pixels / lanes) as f64;
            tiles * lanes as f64 * quads_summed * (pixels as f64 + 2.0 * loads)
        }
        // Three quarters of the multiply-adds, and the columns of a window's
        // row are loaded once for all its taps.
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
            // Without im2col arithmetic a 1×1 kernel is a little cheaper; for
            // three channels a quarter of the others' work is padding.
            let indexing = match reduction {
                Reduction::Pointwise => 1.0,
                Reduction::Window => 1.1,
                Reduction::Rgb => 0.9,
            };
            let penalty = profile.traits().workgroup_memory;
            let full = tiles / filled(problem.points * m * n, profile);
            full * quads_summed * (bm * bn) as f64 / reuse * indexing * penalty
        }
        // An estimate: four times what tiles of workgroup memory do, whose
        // reuse is 4 at most. It comes up for f16 only.
        Tile::Cooperative { bm, bn, .. } => {
            let full = tiles / filled(problem.points * m * n, profile);
            full * quads_summed * (bm * bn) as f64 / 16.0
        }
        // Loads, each as dear as four multiply-adds, and multiply-adds: of a
        // row of the window, or of one tap. What is not in whole quads loads
        // four times as often.
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
