//! The shaders that measure what a device can do at most: not kernels of a
//! network, but rendered like them.

use minijinja::{Value, context};

use super::Scalar;
use super::template::{TemplateError, render};

/// Steps of all chains in one round of the loop, about: enough that the loop
/// itself costs little, few enough for instruction caches.
const FMA_STEPS: u32 = 64;
/// The same for two chains. On llvmpipe a round costs much of itself, and two
/// chains stay in registers however long the code is; with more, LLVM does one
/// chain after the other once the code is long, and waits for each step.
const FMA_STEPS_OF_TWO: u32 = 192;
const COOPERATIVE_PAIRS: u32 = 4;

/// A shader of `shaders/peaks/`, and what is filled into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PeakShader {
    /// Fused multiply-adds.
    Fma {
        /// In what.
        scalar: Scalar,
        /// `vec4` chains that do not depend on each other.
        chains: u32,
        /// Invocations of a workgroup.
        workgroup: u32,
    },
    /// Copies a buffer; entry points `copy` and `fill`.
    Copy {
        /// Invocations of a workgroup.
        workgroup: u32,
    },
    /// Does next to nothing.
    Tick,
    /// Products of cooperative matrices.
    Cooperative {
        /// Rows and columns of each matrix.
        size: u32,
        /// In what the factors are.
        operands: Scalar,
        /// In what the sum is.
        accumulator: Scalar,
        /// Sums that do not depend on each other.
        chains: u32,
        /// Invocations of a workgroup.
        workgroup: u32,
    },
}

impl PeakShader {
    /// What it is called in messages, and by the driver's tools.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Fma { .. } => "peaks/fma.wgsl",
            Self::Copy { .. } => "peaks/copy.wgsl",
            Self::Tick => "peaks/tick.wgsl",
            Self::Cooperative { .. } => "peaks/cooperative.wgsl",
        }
    }

    /// Pairs of steps that each chain does in one round of the loop.
    pub fn pairs(&self) -> u32 {
        match self {
            Self::Fma { chains: 2, .. } => FMA_STEPS_OF_TWO / 4,
            Self::Fma { chains, .. } => (FMA_STEPS / chains / 2).max(1),
            Self::Cooperative { .. } => COOPERATIVE_PAIRS,
            Self::Copy { .. } | Self::Tick => 0,
        }
    }

    /// Its WGSL.
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
