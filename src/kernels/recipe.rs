//! A candidate's dispatches for one convolution: pure data that a plan turns
//! into steps.

use super::split::split;
use super::winograd::WinogradProblem;
use super::{Candidate, ConvProblem, Dispatch, Kernel, Method, Packing};
use crate::tensor::QUAD;

/// Something that a stage binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operand {
    /// The convolution's input.
    Input,
    /// The residual; the stage's first operand where there is none, which the
    /// kernel then does not read.
    Residual,
    /// One of the recipe's weights.
    Weight(usize),
    /// One of the recipe's scratch buffers.
    Scratch(usize),
    /// The convolution's output.
    Output,
}

/// Which of the convolution's tensors a weight buffer is packed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The filters.
    Filters,
    /// The bias; zeros where there is none.
    Bias,
    /// Zeros.
    Zeros,
}

/// One dispatch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The kernel.
    pub kernel: &'static Kernel,
    /// What it reads, in the kernel's order.
    pub reads: Vec<Operand>,
    /// What it writes.
    pub writes: Operand,
    /// Parameters and geometry.
    pub dispatch: Dispatch,
    /// Multiply-accumulates that it does.
    pub macs: u64,
}

/// The dispatches of one convolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Weight buffers.
    pub weights: Vec<(Source, Packing)>,
    /// Elements of each scratch buffer.
    pub scratch: Vec<u64>,
    /// Dispatches in order.
    pub stages: Vec<Stage>,
}

impl Recipe {
    /// How `candidate` computes `problem`; `None` where it does not.
    pub fn new(candidate: &Candidate, problem: &ConvProblem) -> Option<Self> {
        match candidate.method {
            Method::Kernel(kernel) => problem.fits(kernel).then(|| direct(problem, kernel)),
            Method::Split { gemm, sum } => split(problem, gemm, sum),
            Method::Winograd {
                tile,
                input,
                gemm,
                output,
            } => winograd(
                &WinogradProblem::new(*problem, tile)?,
                [input, gemm, output],
            ),
        }
    }

    /// The first and the last stage that bind `operand`.
    pub fn stages_of(&self, operand: Operand) -> Option<(usize, usize)> {
        let binds = |s: &Stage| s.writes == operand || s.reads.contains(&operand);
        let first = self.stages.iter().position(binds)?;
        let last = self.stages.iter().rposition(binds)?;
        Some((first, last))
    }
}

fn direct(problem: &ConvProblem, kernel: &'static Kernel) -> Recipe {
    Recipe {
        weights: vec![
            (Source::Filters, problem.weight_packing(kernel)),
            (Source::Bias, problem.bias_packing(kernel)),
        ],
        scratch: vec![],
        stages: vec![Stage {
            kernel,
            reads: vec![
                Operand::Input,
                Operand::Weight(0),
                Operand::Weight(1),
                Operand::Residual,
            ],
            writes: Operand::Output,
            dispatch: problem.dispatch(kernel),
            macs: problem.macs(),
        }],
    }
}

fn winograd(problem: &WinogradProblem, kernels: [&'static Kernel; 3]) -> Option<Recipe> {
    let [input, product, output] = kernels;
    let gemm = problem.gemm();
    if !gemm.fits(product) {
        return None;
    }
    let Packing::Conv { rows, quads, .. } = gemm.weight_packing(product) else {
        return None;
    };
    let filters = Packing::Winograd {
        tile: problem.tile,
        rows,
        quads,
    };
    let [transformed, products] = [problem.input_quads(), problem.output_quads()];
    Some(Recipe {
        weights: vec![
            (Source::Filters, filters),
            (Source::Zeros, gemm.bias_packing(product)),
            (Source::Bias, problem.conv.bias_packing(output)),
        ],
        scratch: vec![(transformed * QUAD) as u64, (products * QUAD) as u64],
        stages: vec![
            Stage {
                kernel: input,
                reads: vec![Operand::Input],
                writes: Operand::Scratch(0),
                dispatch: problem.input_dispatch(input),
                macs: 0,
            },
            Stage {
                kernel: product,
                reads: vec![
                    Operand::Scratch(0),
                    Operand::Weight(0),
                    Operand::Weight(1),
                    Operand::Scratch(0),
                ],
                writes: Operand::Scratch(1),
                dispatch: gemm.dispatch(product),
                macs: gemm.macs(),
            },
            Stage {
                kernel: output,
                reads: vec![Operand::Scratch(1), Operand::Weight(2), Operand::Residual],
                writes: Operand::Output,
                dispatch: problem.output_dispatch(output),
                macs: 0,
            },
        ],
    })
}
