//! The shaders that measure the peak performance of a device. They are no network kernels but are
//! rendered by the same templates.

use minijinja::{Value, context};

use super::Scalar;
use super::template::{TemplateError, render};

/// Approximate number of steps in one iteration of the loop, summed over all chains.
///
/// The number is large enough to make the loop's own cost small, and small enough for instruction
/// caches.
const FMA_STEPS: u32 = 64;
/// Approximate number of steps in one iteration of the loop for two chains.
///
/// On llvmpipe an iteration itself is expensive, and two chains stay in registers however long the
/// code is. With more chains and long code, LLVM computes one chain after the other and waits for
/// each step.
const FMA_STEPS_OF_TWO: u32 = 192;
const COOPERATIVE_PAIRS: u32 = 4;

/// A shader of `shaders/peaks/` and the values filled into its template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PeakShader {
    /// Computes fused multiply-adds.
    Fma {
        /// Type of the numbers.
        scalar: Scalar,
        /// Number of independent `vec4` chains.
        chains: u32,
        /// Invocations of a workgroup.
        workgroup: u32,
    },
    /// Copies a buffer. The entry points are `copy` and `fill`.
    Copy {
        /// Invocations of a workgroup.
        workgroup: u32,
    },
    /// Does almost nothing.
    Tick,
    /// Multiplies cooperative matrices.
    Cooperative {
        /// Rows and columns of each matrix.
        size: u32,
        /// Type of the factors.
        operands: Scalar,
        /// Type of the sum.
        accumulator: Scalar,
        /// Number of independent sums.
        chains: u32,
        /// Invocations of a workgroup.
        workgroup: u32,
    },
}

impl PeakShader {
    /// Returns the shader's name in messages and in the driver's tools.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fma { .. } => "peaks/fma.wgsl",
            Self::Copy { .. } => "peaks/copy.wgsl",
            Self::Tick => "peaks/tick.wgsl",
            Self::Cooperative { .. } => "peaks/cooperative.wgsl",
        }
    }

    /// Returns the number of pairs of steps that each chain computes in one iteration of the loop.
    pub fn pairs(&self) -> u32 {
        match self {
            Self::Fma { chains: 2, .. } => FMA_STEPS_OF_TWO / 4,
            Self::Fma { chains, .. } => (FMA_STEPS / chains / 2).max(1),
            Self::Cooperative { .. } => COOPERATIVE_PAIRS,
            Self::Copy { .. } | Self::Tick => 0,
        }
    }

    /// Returns the shader's WGSL.
    pub fn source(&self) -> Result<String, TemplateError> {
        render(self.name(), self.values()).map_err(|source| TemplateError::new(self.name(), source))
    }

    fn values(&self) -> Value {
        let pairs = self.pairs();
        match *self {
            Self::Fma {
                scalar,
                chains,
                workgroup,
            } => context! { scalar => scalar.name(), chains, pairs, workgroup },
            Self::Copy { workgroup } => context! { workgroup },
            Self::Tick => context! {},
            Self::Cooperative {
                size,
                operands,
                accumulator,
                chains,
                workgroup,
            } => context! {
                size,
                operands => operands.name(),
                accumulator => accumulator.name(),
                chains,
                pairs,
                workgroup,
            },
        }
    }
}
