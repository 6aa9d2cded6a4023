//! Is the device right? Every layer of a network, or every kernel variant on
//! random shapes, against the CPU twin: what the tests run, a user with an odd
//! GPU can run too.

mod kernels;
pub(crate) mod layers;
mod problem;

pub use kernels::{KernelReport, kernels};
pub use layers::{LayerReport, NetworkReport, Range, network};

use crate::kernels::Scalar;

/// Largest error, relative to a layer's largest value, that f32 is allowed.
pub const TOLERANCE_F32: f64 = 1e-4;

/// The same for f16 storage with f32 sums, and for factors rounded to f16:
/// measured up to 1.4e-3 over random problems, where Winograd's F(2×2) rounds
/// its transformed tiles too, and up to 7.2e-4 over the layers of ResNet-50.
pub const TOLERANCE_F16: f64 = 5e-3;

/// The same for logits end to end in f16, where each layer rounds what those
/// before it rounded: measured 4.4e-4 over ResNet-50 with seeded weights, and up
/// to 2.0e-3 over CIFAR-10's 10,000 test images with trained ResNets of 20, 32
/// and 56 layers. Rounding towards zero, which is no more than that, took 1.3e-2.
pub const TOLERANCE_F16_LOGITS: f64 = 2e-2;

/// The largest error of a layer that is allowed where activations are stored
/// in `scalar`.
pub fn tolerance(scalar: Scalar) -> f64 {
    match scalar {
        Scalar::F16 => TOLERANCE_F16,
        Scalar::F32 => TOLERANCE_F32,
    }
}

/// The same of logits, end to end.
pub fn tolerance_of_logits(scalar: Scalar) -> f64 {
    match scalar {
        Scalar::F16 => TOLERANCE_F16_LOGITS,
        Scalar::F32 => TOLERANCE_F32,
    }
}

/// The largest absolute value.
fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most, v| most.max(v.abs()))
}

/// How far apart two tensors are.
///
/// ```
/// use resnet_wgpu::low_level::verify::{Difference, TOLERANCE_F32};
///
/// let difference = Difference::between(&[1.0, 2.5], &[1.0, 2.0]);
/// assert_eq!((difference.max_abs, difference.scale), (0.5, 2.0));
/// assert_eq!(difference.relative(), 0.25);
/// assert!(!difference.within(TOLERANCE_F32));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Difference {
    /// Largest absolute difference; NaN where either has a NaN.
    pub max_abs: f64,
    /// Largest absolute value expected.
    pub scale: f64,
}

impl Difference {
    /// Compares element by element.
    pub fn between(found: &[f32], expected: &[f32]) -> Self {
        let mut d = Self::default();
        for (&f, &e) in found.iter().zip(expected) {
            let (f, e) = (f64::from(f), f64::from(e));
            d.scale = d.scale.max(e.abs());
            let abs = (f - e).abs();
            // A NaN must not lose against a number.
            if abs > d.max_abs || abs.is_nan() {
                d.max_abs = abs;
            }
            if d.max_abs.is_nan() {
                break;
            }
        }
        if found.len() != expected.len() {
            d.max_abs = f64::NAN;
        }
        d
    }

    /// Largest absolute difference as a part of the largest value.
    pub fn relative(&self) -> f64 {
        if self.scale > 0.0 {
            self.max_abs / self.scale
        } else {
            self.max_abs
        }
    }

    /// Whether the difference is within `tolerance`; a NaN never is.
    pub fn within(&self, tolerance: f64) -> bool {
        self.relative() <= tolerance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences() {
        let d = Difference::between(&[1.0, 2.5], &[1.0, 2.0]);
        assert_eq!((d.max_abs, d.scale, d.relative()), (0.5, 2.0, 0.25));
        assert!(d.within(0.25) && !d.within(0.2));
        let nan = [f32::NAN, 0.0];
        assert!(!Difference::between(&nan, &[1.0, 9.0]).within(1.0));
        assert!(!Difference::between(&[1.0], &[1.0, 1.0]).within(1.0));
    }
}
