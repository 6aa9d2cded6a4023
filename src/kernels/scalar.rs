//! The number types that kernels store and compute with.

use serde::{Deserialize, Serialize};

use crate::tensor::QUAD;

/// A number type for storage or computation.
///
/// ```
/// use resnet_wgpu::low_level::plan::Scalar;
///
/// assert_eq!((Scalar::F16.name(), Scalar::F16.bytes()), ("f16", 2));
/// assert_eq!(Scalar::F16.largest(), 65_504.0);
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Scalar {
    /// Half precision: 11 bits of significand, values up to 65,504.
    F16,
    /// Single precision.
    #[default]
    F32,
}

impl Scalar {
    /// Returns the type's name in WGSL and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::F32 => "f32",
        }
    }

    /// Returns the size of a number in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F16 => 2,
            Self::F32 => 4,
        }
    }

    /// Returns the size of a quad in bytes.
    pub const fn quad_bytes(self) -> usize {
        QUAD * self.bytes()
    }

    /// Returns the largest finite number of the type.
    pub fn largest(self) -> f32 {
        match self {
            Self::F16 => half::f16::MAX.to_f32(),
            Self::F32 => f32::MAX,
        }
    }
}

/// The types that a kernel reads and writes. Kernels compute in f32 in any case.
///
/// The read type applies to activations and weights. Biases, scales and shifts are always f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScalarTypes {
    /// Type of the activations and weights that the kernel reads.
    pub reads: Scalar,
    /// Type of the values that the kernel writes.
    pub writes: Scalar,
}

impl ScalarTypes {
    /// Reads and writes f32.
    pub const F32: Self = Self::of(Scalar::F32);
    /// Reads and writes f16.
    pub const F16: Self = Self::of(Scalar::F16);
    /// Reads f16 and writes f32: for logits, and for values between two dispatches that need the
    /// range or precision of f32.
    pub const WIDEN: Self = Self::new(Scalar::F16, Scalar::F32);
    /// Reads f32 and writes f16.
    pub const NARROW: Self = Self::new(Scalar::F32, Scalar::F16);

    /// Creates a pair of a read type and a write type.
    pub const fn new(reads: Scalar, writes: Scalar) -> Self {
        Self { reads, writes }
    }

    /// Creates a pair that reads and writes one type.
    pub const fn of(scalar: Scalar) -> Self {
        Self::new(scalar, scalar)
    }

    /// Returns whether either type is f16, so that the device must support f16 in shaders.
    pub fn half(self) -> bool {
        self.reads == Scalar::F16 || self.writes == Scalar::F16
    }
}
