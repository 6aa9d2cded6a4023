//! Which kernel variant computes a convolution.

use super::{DeviceClass, DeviceProfile};
use crate::kernels::{ConvProblem, Family, KERNELS, Kernel, Reduction, Tile};

/// How kernels are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// By the built-in rules for the class of device.
    #[default]
    Auto,
    /// This kernel wherever it fits the problem and the device; the rules
    /// elsewhere.
    Prefer(&'static Kernel),
}

/// The first kernel of a family that the device runs.
pub(super) fn any(family: Family, profile: &DeviceProfile) -> Option<&'static Kernel> {
    (KERNELS.iter()).find(|k| k.family == family && profile.runs(k))
}

/// The kernel for a convolution: of those that fit the problem and the
/// device, the one of least estimated cost.
pub(super) fn conv(
    problem: &ConvProblem,
    profile: &DeviceProfile,
    choice: &Choice,
) -> Option<&'static Kernel> {
    let family = match problem.groups {
        1 => Family::Conv,
        _ => Family::GroupedConv,
    };
    let fits = |k: &Kernel| k.family == family && profile.runs(k) && problem.fits(k);
    if let Choice::Prefer(kernel) = choice
        && fits(kernel)
    {
        return Some(kernel);
    }
    // min_by keeps the first of equals, so the table's order breaks ties.
    KERNELS
        .iter()
        .filter(|k| fits(k))
        .min_by(|a, b| cost(problem, a, profile).total_cmp(&cost(problem, b, profile)))
}

/// Relative cost of a kernel: the work of all its tiles, padding included,
/// over how well the kernel and the device's parallelism are used. Only the
/// order matters.
fn cost(problem: &ConvProblem, kernel: &Kernel, profile: &DeviceProfile) -> f64 {
    let (m, n) = problem.tiles(kernel);
    let tiles = (m * n) as f64;
    match kernel.tile {
        // Where subgroups are 8 or 16 wide (llvmpipe, some Intel), loads cost
        // far more than arithmetic: a lane loads 4 weight quads besides its
        // share of the pixels, so a taller tile does more with each load.
        Tile::Shuffle { lanes, pixels } => {
            let loads = 4.0 + (pixels / lanes) as f64;
            tiles * (pixels as f64 + 2.0 * loads)
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
            // Enough workgroups to fill the machine, or the rest idles: a
            // few for each core of a large GPU, one for each processor of a
            // software driver.
            let fill = match profile.class {
                DeviceClass::Discrete | DeviceClass::Other => 256.0,
                DeviceClass::Integrated => 32.0,
                DeviceClass::Software => 4.0,
            };
            let rounds = (tiles / fill).max(1.0);
            // Without im2col arithmetic a 1×1 kernel is a little cheaper; for
            // three channels a quarter of the others' work is padding.
            let indexing = match reduction {
                Reduction::Pointwise => 1.0,
                Reduction::Window => 1.1,
                Reduction::Rgb => 0.9,
            };
            // Workgroup memory is slow where subgroups beat it.
            let penalty = if profile.subgroup == 8 || profile.subgroup == 16 {
                100.0
            } else {
                1.0
            };
            rounds * (bm * bn) as f64 / reuse * indexing * penalty
        }
        // The variants for whole quads come first and are always better.
        Tile::Direct { aligned, .. } => f64::from(u8::from(!aligned)),
        Tile::Reduce { .. } | Tile::Flat => 0.0,
    }
}
