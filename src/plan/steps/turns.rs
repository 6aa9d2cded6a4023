//! A bound on the turns of a shader's loops.
//!
//! Mesa's llvmpipe counts the turns of all loops of an invocation, ends them
//! after 65,535 without an error, and so gives a wrong result. Shapes that
//! could need more are refused on every device, so that a plan is right
//! wherever it runs.

use crate::graph::{Node, Op, Shape};
use crate::kernels::POOL_UNROLL;
use crate::plan::PlanError;
use crate::tensor::quads;

/// Turns that every driver runs.
const LIMIT: u64 = 65_535;

/// The fewest invocations that share a reduction over pixels or channels.
const SLICES: u64 = 8;

/// Refuses a node whose kernel could need more turns than [`LIMIT`].
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

/// The most turns that any kernel needs for a node on an input of that shape.
fn needed(node: &Node, input: Shape) -> u64 {
    let pixels = (input.h as u64).saturating_mul(input.w as u64);
    // Every turn of an outer loop counts, too.
    let window = |kernel: usize, inner: u64| {
        let taps = (kernel as u64).saturating_mul(kernel as u64);
        taps.saturating_mul(inner + 1).saturating_add(kernel as u64)
    };
    match &node.op {
        Op::Conv2d(conv) => {
            let group = input.c / conv.groups.max(1);
            // Groups of whole quads are read by quads; others by channels.
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
