//! The host's side of the stem that pools what it makes.

use super::conv_problem::ConvProblem;
use super::dispatch::{Dispatch, flags, word};
use super::table::Kernel;
use crate::graph::Shape;
use crate::tensor::quads;

/// Parameters and geometry, by a kernel whose tiles are so many pooled rows and
/// columns.
pub(super) fn dispatch(
    problem: &ConvProblem,
    kernel: &Kernel,
    (rows, cols): (usize, usize),
) -> Dispatch {
    // One without a pool fits no such kernel, and has no tiles.
    let pooled = problem.pooled().unwrap_or(Shape::new(0, 0, 0));
    let (m_tiles, n_tiles) = problem.tiles(kernel);
    let tiles = m_tiles * n_tiles;
    Dispatch {
        params: vec![
            word(tiles),
            word(n_tiles),
            word(pooled.w.div_ceil(cols)),
            word(pooled.h.div_ceil(rows)),
            word(problem.input.h),
            word(problem.input.w),
            word(problem.output.h),
            word(problem.output.w),
            word(pooled.h),
            word(pooled.w),
            word(quads(problem.output.c)),
            word(problem.weight_packing(kernel).quads()),
            word(problem.window.padding),
            flags(problem.relu, false),
        ],
        workgroups: tiles as u64,
    }
}
