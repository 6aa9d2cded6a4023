//! Sizes of activations.

use crate::graph::Shape;
use crate::kernels::Scalar;
use crate::tensor::quads;

/// Returns the size of an activation of `batch` images in bytes. Channels are padded to a multiple
/// of four.
pub fn activation_bytes(batch: usize, shape: Shape, scalar: Scalar) -> u64 {
    [shape.h, shape.w, quads(shape.c), scalar.quad_bytes()]
        .iter()
        .fold(batch as u64, |bytes, &n| bytes.saturating_mul(n as u64))
}
