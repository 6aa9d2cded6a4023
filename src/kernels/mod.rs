//! The kernels: one flat table of every variant, with what each needs of a
//! device, and for each family the host's side of it: parameters, dispatch
//! geometry and the packing of weights. Pure data; nothing here touches a GPU.

mod candidates;
mod conv;
mod conv_pool;
mod cooperative;
mod divisor;
mod elementwise;
mod ingest;
mod linear;
mod pack;
#[cfg(feature = "cli")]
mod peaks;
mod pool;
mod recipe;
mod resample;
mod rows;
mod scalar;
mod split;
mod storage;
mod table;
mod template;
mod variant;
mod winograd;

pub use candidates::{Candidate, Method, candidate, candidates};
pub use conv::ConvProblem;
pub use conv_pool::STEM_POOL;
pub use elementwise::{ElementwiseProblem, ShortcutProblem, SoftmaxProblem};
pub use ingest::{IngestProblem, InputForm};
pub use linear::{LinearChunk, LinearProblem};
pub use pack::Packing;
#[cfg(feature = "cli")]
pub use peaks::PeakShader;
pub use pool::{GlobalPoolProblem, PoolProblem, UNROLL as POOL_UNROLL};
pub use recipe::{Operand, Recipe, Scratch, Source, Stage};
pub use resample::ResampleShader;
pub use rows::KERNELS;
pub use scalar::{Scalar, Types};
pub use split::split_parts;
pub use storage::{Place, Storage, TEXTURE_ROW};
pub use table::{Family, Kernel, Needs, Reduction, Tile, find};
#[cfg(feature = "cli")]
pub(crate) use template::environment;
pub(crate) use template::fingerprint;
pub use template::{TemplateError, source};
pub use variant::{Outputs, Variant};
pub use winograd::WinogradProblem;

/// A kernel's parameters for one dispatch: its `Params` struct as words.
pub type Words = Vec<u32>;

/// One dispatch: its parameters and how many workgroups it takes in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// The kernel's `Params` struct as words.
    pub params: Words,
    /// Workgroups; [`grid`] lays them out.
    pub workgroups: u64,
}

/// Lays `workgroups` out over two dimensions of at most `limit` each; `None`
/// where they do not fit.
pub fn grid(workgroups: u64, limit: u32) -> Option<[u32; 3]> {
    let limit = u64::from(limit.max(1));
    let y = workgroups.div_ceil(limit).max(1);
    if y > limit {
        return None;
    }
    // As square as needed, not more: the last row is then nearly full.
    let x = workgroups.div_ceil(y).max(1);
    Some([u32::try_from(x).ok()?, u32::try_from(y).ok()?, 1])
}

/// A number as kernels take it: in 32 bits. A plan binds no buffer of 4 GiB or
/// more, so nothing that a kernel counts is larger.
fn word(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Bit 1: ReLU, bit 2: residual, as the shaders read them.
fn flags(relu: bool, residual: bool) -> u32 {
    u32::from(relu) | u32::from(residual) << 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_cover_and_fit() {
        assert_eq!(grid(1, 65_535), Some([1, 1, 1]));
        assert_eq!(grid(65_535, 65_535), Some([65_535, 1, 1]));
        for n in [65_536u64, 1_000_000, 4_000_000_000] {
            let [x, y, _] = grid(n, 65_535).unwrap();
            let cells = u64::from(x) * u64::from(y);
            assert!(cells >= n && cells - n < u64::from(y), "{n}: {x}×{y}");
        }
        assert_eq!(grid(17, 4), None);
    }
}
