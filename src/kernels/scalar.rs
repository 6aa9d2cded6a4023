//! The types in which numbers lie in buffers.

use serde::{Deserialize, Serialize};

use crate::tensor::QUAD;

/// In what numbers are stored, or computed with.
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
    /// Half precision: 11 bits of significand, up to 65,504.
    F16,
    /// Single precision.
    #[default]
    F32,
}

impl Scalar {
    /// Its name in WGSL and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::F16 => "f16",
            Self::F32 => "f32",
        }
    }

    /// Bytes of a number.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F16 => 2,
            Self::F32 => 4,
        }
    }

    /// Bytes of a quad of them.
    pub const fn quad_bytes(self) -> usize {
        QUAD * self.bytes()
    }

    /// The largest number that it holds.
    pub fn largest(self) -> f32 {
        match self {
            Self::F16 => half::f16::MAX.to_f32(),
            Self::F32 => f32::MAX,
        }
    }
}

/// What a kernel reads (activations and weights; biases, scales and shifts are
/// f32 always) and what it writes. It computes in f32, whatever they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Types {
    /// Activations and weights that it reads.
    pub reads: Scalar,
    /// What it writes.
    pub writes: Scalar,
}

impl Types {
    /// f32 throughout.
    pub const F32: Self = Self::of(Scalar::F32);
    /// f16 throughout.
    pub const F16: Self = Self::of(Scalar::F16);
    /// From f16 to f32: logits, and what needs its range or precision between
    /// two dispatches.
    pub const WIDEN: Self = Self::new(Scalar::F16, Scalar::F32);
    /// From f32 to f16.
    pub const NARROW: Self = Self::new(Scalar::F32, Scalar::F16);

    /// Reads one type and writes another.
    pub const fn new(reads: Scalar, writes: Scalar) -> Self {
        Self { reads, writes }
    }

    /// The same type read and written.
    pub const fn of(scalar: Scalar) -> Self {
        Self::new(scalar, scalar)
    }

    /// Whether either is f16, so that a device needs f16 in shaders.
    pub fn half(self) -> bool {
        self.reads == Scalar::F16 || self.writes == Scalar::F16
    }
}
