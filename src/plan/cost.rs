//! What a candidate costs on a class of device: estimates, of which only the
//! order matters.

use super::{DeviceClass, DeviceProfile};
use crate::kernels::{Candidate, ConvProblem, Kernel, Method, Tile, WinogradProblem};
use crate::tensor::quads;

/// Relative cost of a candidate: of its GEMM or convolution, and of the
/// transforms around it.
pub(super) fn cost(problem: &ConvProblem, candidate: &Candidate, profile: &DeviceProfile) -> f64 {
    match candidate.method {
        Method::Kernel(kernel) => conv(problem, kernel, profile),
        Method::Winograd { tile, gemm, .. } => {
            let Some(winograd) = WinogradProblem::new(*problem, tile) else {
                return f64::INFINITY;
            };
            let moved = winograd.input_quads() + winograd.output_quads();
            conv(&winograd.gemm(), gemm, profile) + moved as f64 * per_moved_quad(profile)
        }
    }
}

/// A quad that a transform reads or writes, in units of a quad's
/// multiply-add with another's four values.
fn per_moved_quad(profile: &DeviceProfile) -> f64 {
    match profile.subgroup {
        8 | 16 => 1.0,
        // Bandwidth against arithmetic: some 10 to 20 flops a byte.
        _ => 6.0,
    }
}

/// A convolution by one kernel: the work of all its tiles, padding included,
/// over how well the kernel and the device's parallelism are used.
fn conv(problem: &ConvProblem, kernel: &Kernel, profile: &DeviceProfile) -> f64 {
    let (m, n) = problem.tiles(kernel);
    let tiles = (problem.points * m * n) as f64;
    let reduction = (problem.window.kernel.pow(2) * quads(problem.input.c)) as f64;
    match kernel.tile {
        // Where subgroups are 8 or 16 wide (llvmpipe, some Intel), loads cost
        // far more than arithmetic: a lane loads 4 weight quads besides its
        // share of the pixels, so a taller tile does more with each load.
        Tile::Shuffle { lanes, pixels } => {
            let loads = 4.0 + (pixels / lanes) as f64;
            tiles * lanes as f64 * reduction * (pixels as f64 + 2.0 * loads)
        }
        Tile::Gemm {
            bm,
            bn,
            tm,
            tn,
            pointwise,
            ..
        } => {
            // Multiply-adds for each load from workgroup memory.
            let reuse = (tm * tn * 4) as f64 / (tm + 4 * tn) as f64;
            // Enough workgroups to fill the machine, or the rest idles: a
            // few for each core of a large GPU, one for each processor of a
            // software driver.
            let fill = match profile.class {
                DeviceClass::Discrete | DeviceClass::Other => 256.0,
                DeviceClass::Integrated => 32.0,
                DeviceClass::Software => 4.0,
            };
            let rounds = (tiles / fill).max(1.0);
            // Without im2col arithmetic a 1×1 kernel is a little cheaper.
            let indexing = if pointwise { 1.0 } else { 1.1 };
            // Workgroup memory is slow where subgroups beat it.
            let penalty = if profile.subgroup == 8 || profile.subgroup == 16 {
                100.0
            } else {
                1.0
            };
            rounds * fill * reduction * (bm * bn) as f64 / reuse * indexing * penalty
        }
        // The variants for whole quads come first and are always better.
        Tile::Direct { aligned, .. } => f64::from(u8::from(!aligned)),
        Tile::Reduce { .. } | Tile::Winograd { .. } | Tile::Flat => 0.0,
    }
}
