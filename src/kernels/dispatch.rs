//! One dispatch: its parameters and its number of workgroups.

/// A kernel's parameters for one dispatch: the `Params` struct of the shader as words.
pub type ParamWords = Vec<u32>;

/// One dispatch: its parameters and its total number of workgroups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// The shader's `Params` struct as words.
    pub params: ParamWords,
    /// Total number of workgroups. [`grid`] distributes them over two dimensions.
    pub workgroups: u64,
}

/// Distributes `workgroups` over two dimensions of at most `limit` each. Returns `None` if they do
/// not fit.
pub fn grid(workgroups: u64, limit: u32) -> Option<[u32; 3]> {
    let limit = u64::from(limit.max(1));
    let y = workgroups.div_ceil(limit).max(1);
    if y > limit {
        return None;
    }
    // Use as few rows as possible; the last row is then nearly full.
    let x = workgroups.div_ceil(y).max(1);
    Some([u32::try_from(x).ok()?, u32::try_from(y).ok()?, 1])
}

/// Converts a number to the 32 bits that kernels take.
///
/// The conversion loses nothing: a plan binds no buffer of 4 GiB or more, so no count in a kernel
/// exceeds 32 bits.
pub(super) fn word(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The flags of an epilogue.
pub(super) struct Flags {
    pub relu: bool,
    pub residual: bool,
}

impl Flags {
    /// Encodes the flags as the shaders read them: 1 for ReLU, 2 for a residual.
    pub fn word(self) -> u32 {
        u32::from(self.relu) | u32::from(self.residual) << 1
    }
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
