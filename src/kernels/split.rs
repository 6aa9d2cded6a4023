//! Split-K convolutions, for outputs of few pixels such as 7×7.
//!
//! Few pixels yield too few tiles to fill a large GPU. Several workgroups therefore share the
//! reduction of each tile.

use super::{
    ConvProblem, Dispatch, Flags, Kernel, KernelCall, KernelSequence, Operand, Packing, Scalar,
    ScalarTypes, Scratch, WeightSource, word,
};
use crate::tensor::{QUAD, quads};

/// Desired number of workgroups: a few for each core of a large GPU.
const WORKGROUPS: usize = 512;
/// Maximum number of parts. Each part costs a write and a read.
const MOST_PARTS: usize = 16;

/// Returns the number of parts into which `gemm` cuts each reduction of `problem`.
pub fn split_parts(problem: &ConvProblem, gemm: &Kernel) -> usize {
    let (m, n) = problem.tiles(gemm);
    let wanted = WORKGROUPS.div_ceil((m * n).max(1));
    problem.parts(gemm, wanted.clamp(2, MOST_PARTS))
}

/// Returns the two dispatches: one computes the parts' sums in f32, the other adds them and applies
/// the epilogue. Returns `None` if `gemm` does not fit the problem.
pub(super) fn split(
    problem: &ConvProblem,
    gemm: &'static Kernel,
    sum: &'static Kernel,
    scalar: Scalar,
) -> Option<KernelSequence> {
    let bare = ConvProblem {
        residual: false,
        relu: false,
        ..*problem
    };
    if problem.points > 1 || !bare.fits(gemm) {
        return None;
    }
    let parts = split_parts(&bare, gemm);
    let bias = bare.bias_packing(gemm);
    let out_quads = quads(problem.output.c);
    let items = problem.pixels() * out_quads;
    let epilogue = Dispatch {
        params: vec![
            word(items),
            word(out_quads),
            word(parts),
            Flags {
                relu: problem.relu,
                residual: problem.residual,
            }
            .word(),
        ],
        workgroups: items.div_ceil(sum.workgroup) as u64,
    };
    let weights: [(WeightSource, Packing, Scalar); 3] = [
        (WeightSource::Filters, bare.weight_packing(gemm), scalar),
        (WeightSource::Zeros, bias, Scalar::F32),
        (WeightSource::Bias, bias, Scalar::F32),
    ];
    Some(KernelSequence {
        weights: weights.to_vec(),
        scratch: vec![Scratch {
            elements: (parts * items * QUAD) as u64,
            scalar: Scalar::F32,
        }],
        calls: vec![
            KernelCall {
                kernel: gemm,
                types: ScalarTypes::new(scalar, Scalar::F32),
                reads: vec![
                    Operand::Input,
                    Operand::Weight(0),
                    Operand::Weight(1),
                    Operand::Input,
                ],
                writes: Operand::Scratch(0),
                dispatch: bare.dispatch_parts(gemm, parts),
                macs: bare.macs(),
            },
            KernelCall {
                kernel: sum,
                types: ScalarTypes::new(Scalar::F32, scalar),
                reads: vec![Operand::Scratch(0), Operand::Weight(2), Operand::Residual],
                writes: Operand::Output,
                dispatch: epilogue,
                macs: 0,
            },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Shape, Window};
    use crate::kernels::find;

    fn problem(channels: usize, side: usize) -> ConvProblem {
        ConvProblem {
            batch: 1,
            input: Shape::new(side, side, channels),
            output: Shape::new(side, side, 512),
            window: Window::new(3, 1, 1),
            groups: 1,
            residual: true,
            relu: true,
            points: 1,
        }
    }

    /// In ResNet's 7×7 layers, one row of tiles becomes 128 workgroups. Each part consists of whole
    /// steps, and the parts together cover the reduction.
    #[test]
    fn few_tiles_are_cut_into_many_parts() {
        let gemm = find("conv.tiled.64x64").unwrap();
        let sum = find("sum_parts").unwrap();
        let sequence = split(&problem(512, 7), gemm, sum, Scalar::F16).unwrap();
        assert_eq!(sequence.scratch.len(), 1);
        // Parts are f32, independent of the stored type.
        assert_eq!(sequence.scratch[0].bytes(), 16 * 49 * 512 * 4);
        assert_eq!(sequence.calls[0].dispatch.workgroups, 8 * 16);
        // A short reduction has fewer parts, and none is empty.
        for channels in 1..40 {
            let problem = problem(channels, 7);
            let parts = split_parts(&problem, gemm);
            let reduction = 9 * quads(channels);
            let part = reduction.div_ceil(parts).next_multiple_of(4);
            assert!((parts - 1) * part < reduction && parts * part >= reduction);
        }
    }
}
