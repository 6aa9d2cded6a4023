//! Checks of a device: every layer of a network, or every candidate on random shapes, compared with
//! the CPU reference. The tests use these checks, and a user with an unusual GPU can run them, too.

mod kernels;
pub(crate) mod layers;
mod problem;

pub use kernels::{KernelReport, kernels};
pub use layers::{LayerReport, NetworkReport, RangeCheck, network};

use crate::kernels::Scalar;

/// The largest allowed error of f32, relative to a layer's largest value.
pub const TOLERANCE_F32: f64 = 1e-4;

/// The largest allowed error of f16 storage with f32 sums, and of factors rounded to f16, relative
/// to a layer's largest value. The measured errors are up to 1.4e-3 over random problems
/// (Winograd's F(2×2) also rounds its transformed tiles), and up to 7.2e-4 over the layers of
/// ResNet-50.
pub const TOLERANCE_F16: f64 = 5e-3;

/// The largest allowed error of logits, end to end in f16. Each layer rounds results that earlier
/// layers have already rounded. The measured errors are 4.4e-4 over ResNet-50 with seeded weights,
/// and up to 2.0e-3 over CIFAR-10's 10,000 test images with trained ResNets of 20, 32 and 56
/// layers. An implementation that differs only by rounding towards zero had an error of 1.3e-2.
pub const TOLERANCE_F16_LOGITS: f64 = 2e-2;

/// Returns the largest allowed error of a layer with activations stored in `scalar`.
pub fn tolerance(scalar: Scalar) -> f64 {
    match scalar {
        Scalar::F16 => TOLERANCE_F16,
        Scalar::F32 => TOLERANCE_F32,
    }
}

/// Returns the largest allowed error of the logits, end to end, with activations stored in
/// `scalar`.
pub fn tolerance_of_logits(scalar: Scalar) -> f64 {
    match scalar {
        Scalar::F16 => TOLERANCE_F16_LOGITS,
        Scalar::F32 => TOLERANCE_F32,
    }
}

/// Returns the largest absolute value.
fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most, v| most.max(v.abs()))
}

/// The difference between two tensors.
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
    /// The largest absolute difference; NaN if either tensor contains a NaN.
    pub max_abs: f64,
    /// The largest absolute expected value.
    pub scale: f64,
}

impl Difference {
    /// Compares two tensors element by element. Different lengths give a NaN.
    pub fn between(found: &[f32], expected: &[f32]) -> Self {
        let mut d = Self::default();
        for (&f, &e) in found.iter().zip(expected) {
            let (f, e) = (f64::from(f), f64::from(e));
            d.scale = d.scale.max(e.abs());
            let abs = (f - e).abs();
            // A NaN must replace any number.
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

    /// Returns the largest absolute difference, relative to the largest expected value.
    pub fn relative(&self) -> f64 {
        if self.scale > 0.0 {
            self.max_abs / self.scale
        } else {
            self.max_abs
        }
    }

    /// Returns whether the relative difference is at most `tolerance`. A NaN never is.
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
