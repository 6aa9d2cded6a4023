//! An upper bound on the iterations of a shader's loops.
//!
//! Mesa's llvmpipe counts the iterations of all loops of an invocation. After 65,535 iterations it
//! ends the loops without an error, so the result is wrong. Shapes that could exceed this limit are
//! rejected on every device, so that a valid plan is correct on all of them.

use crate::graph::{Node, Op, Shape};
use crate::kernels::POOL_UNROLL;
use crate::plan::PlanError;
use crate::tensor::quads;

/// Number of iterations that every driver supports.
const LIMIT: u64 = 65_535;

/// Minimum number of invocations that share a reduction over pixels or channels.
const SLICES: u64 = 8;

/// Checks that a node's kernel needs at most [`LIMIT`] iterations.
pub(super) fn check(node: &Node, input: Shape) -> Result<(), PlanError> {
    let needed = needed(node, input);
    if needed > LIMIT {
        return Err(PlanError::LoopTooLong {
            layer: super::layer_name(node),
            needed,
            limit: LIMIT,
        });
    }
    Ok(())
}

/// Returns the maximum number of iterations that any kernel needs for a node with an input of that
/// shape.
fn needed(node: &Node, input: Shape) -> u64 {
    let pixels = (input.h as u64).saturating_mul(input.w as u64);
    // Iterations of outer loops count, too.
    let window = |kernel: usize, inner: u64| {
        let taps = (kernel as u64).saturating_mul(kernel as u64);
        taps.saturating_mul(inner + 1).saturating_add(kernel as u64)
    };
    match &node.op {
        Op::Conv2d(conv) => {
            let group = input.c / conv.groups.max(1);
            // An ungrouped convolution is read in quads of channels. For grouped ones, count single
            // channels, the worst case.
            let inner = match conv.groups {
                1 => quads(group),
                _ => group,
            };
            window(conv.window.kernel, inner as u64)
        }
        Op::MaxPool(pool) | Op::AvgPool(pool) => window(pool.kernel, 0),
        Op::GlobalAvgPool => (pixels / (SLICES * POOL_UNROLL as u64)) + POOL_UNROLL as u64 + 256,
        Op::Linear(linear) => quads(linear.in_features) as u64 / SLICES + 256,
        // Three loops over the channels, and two over the workgroup.
        Op::Softmax => 3 * (quads(input.c) as u64 / 32) + 512,
        Op::Input | Op::BatchNorm(_) | Op::Flatten | Op::Add | Op::Relu => 0,
        Op::ScaleShift { .. } | Op::ShortcutA { .. } => 0,
    }
}
