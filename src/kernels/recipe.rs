//! A candidate's dispatches for one convolution: pure data that a plan turns
//! into steps.

use super::split::split;
use super::winograd::WinogradProblem;
use super::{Candidate, ConvProblem, Dispatch, Kernel, Method, Packing, Scalar, Types};
use crate::tensor::QUAD;

/// Something that a stage binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
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
#[non_exhaustive]
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
    /// In what it reads and writes.
    pub types: Types,
    /// What it reads, in the kernel's order.
    pub reads: Vec<Operand>,
    /// What it writes.
    pub writes: Operand,
    /// Parameters and geometry.
    pub dispatch: Dispatch,
    /// Multiply-accumulates that it does.
    pub macs: u64,
}

/// A buffer that hands values from one stage to a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scratch {
    /// Elements.
    pub elements: u64,
    /// In what they are stored.
    pub scalar: Scalar,
}

impl Scratch {
    /// Its size.
    pub fn bytes(&self) -> u64 {
        self.elements.saturating_mul(self.scalar.bytes() as u64)
    }
}

/// The dispatches of one convolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Weight buffers.
    pub weights: Vec<(Source, Packing, Scalar)>,
    /// Scratch buffers.
    pub scratch: Vec<Scratch>,
    /// Dispatches in order.
    pub stages: Vec<Stage>,
}

impl Recipe {
    /// How `candidate` computes `problem` where activations are stored in
    /// `scalar`; `None` where it does not.
    pub fn new(candidate: &Candidate, problem: &ConvProblem, scalar: Scalar) -> Option<Self> {
        match candidate.method {
            Method::Kernel(kernel) => problem
                .fits(kernel)
                .then(|| direct(problem, kernel, scalar)),
            Method::Split { gemm, sum } => split(problem, gemm, sum, scalar),
            Method::Winograd {
                tile,
                input,
                gemm,
                output,
            } => winograd(
                &WinogradProblem::new(*problem, tile)?,
                [input, gemm, output],
                scalar,
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

fn direct(problem: &ConvProblem, kernel: &'static Kernel, scalar: Scalar) -> Recipe {
    let mut reads = vec![
        Operand::Input,
        Operand::Weight(0),
        Operand::Weight(1),
        Operand::Residual,
    ];
    // One that pools takes no residual.
    reads.truncate(kernel.family.reads());
    Recipe {
        weights: vec![
            (Source::Filters, problem.weight_packing(kernel), scalar),
            (Source::Bias, problem.bias_packing(kernel), Scalar::F32),
        ],
        scratch: vec![],
        stages: vec![Stage {
            kernel,
            types: Types::of(scalar),
            reads,
            writes: Operand::Output,
            dispatch: problem.dispatch(kernel),
            macs: problem.macs(),
        }],
    }
}

fn winograd(
    problem: &WinogradProblem,
    kernels: [&'static Kernel; 3],
    scalar: Scalar,
) -> Option<Recipe> {
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
    let between = problem.between(scalar);
    let scratch = |quads: usize| Scratch {
        elements: (quads * QUAD) as u64,
        scalar: between,
    };
    let [transformed, products] = [problem.input_quads(), problem.output_quads()];
    Some(Recipe {
        weights: vec![
            (Source::Filters, filters, between),
            (Source::Zeros, gemm.bias_packing(product), Scalar::F32),
            (Source::Bias, problem.conv.bias_packing(output), Scalar::F32),
        ],
        scratch: vec![scratch(transformed), scratch(products)],
        stages: vec![
            Stage {
                kernel: input,
                types: Types::new(scalar, between),
                reads: vec![Operand::Input],
                writes: Operand::Scratch(0),
                dispatch: problem.input_dispatch(input),
                macs: 0,
            },
            Stage {
                kernel: product,
                types: Types::of(between),
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
                types: Types::new(between, scalar),
                reads: vec![Operand::Scratch(1), Operand::Weight(2), Operand::Residual],
                writes: Operand::Output,
                dispatch: problem.output_dispatch(output),
                macs: 0,
            },
        ],
    })
}
