//! The dispatches of a candidate for one convolution: plain data from which a plan builds its
//! steps.

use super::split::split;
use super::winograd::WinogradProblem;
use super::{Algorithm, Candidate, ConvProblem, Dispatch, Kernel, Packing, Scalar, ScalarTypes};
use crate::tensor::QUAD;

/// A value that a kernel call binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operand {
    /// The convolution's input.
    Input,
    /// The residual. If the convolution has no residual, the call's first operand is bound
    /// instead, and the kernel does not read the binding.
    Residual,
    /// The weight buffer of this index in [`KernelSequence::weights`].
    Weight(usize),
    /// The scratch buffer of this index in [`KernelSequence::scratch`].
    Scratch(usize),
    /// The convolution's output.
    Output,
}

/// The tensor of a convolution from which a weight buffer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightSource {
    /// The filters.
    Filters,
    /// The bias, or zeros if the convolution has no bias.
    Bias,
    /// Zeros.
    Zeros,
}

/// One dispatch of a convolution: a kernel with its operands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelCall {
    /// The kernel to run.
    pub kernel: &'static Kernel,
    /// Types that the kernel reads and writes.
    pub types: ScalarTypes,
    /// Values that the kernel reads, in the kernel's order.
    pub reads: Vec<Operand>,
    /// Value that the kernel writes.
    pub writes: Operand,
    /// Parameters and geometry.
    pub dispatch: Dispatch,
    /// Number of multiply-accumulates.
    pub macs: u64,
}

/// A buffer that passes values from one kernel call to a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scratch {
    /// Number of elements.
    pub elements: u64,
    /// Type of the stored elements.
    pub scalar: Scalar,
}

impl Scratch {
    /// Returns the buffer's size in bytes.
    pub fn bytes(&self) -> u64 {
        self.elements.saturating_mul(self.scalar.bytes() as u64)
    }
}

/// The dispatches of one convolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelSequence {
    /// Weight buffers: source tensor, layout and stored type.
    pub weights: Vec<(WeightSource, Packing, Scalar)>,
    /// Scratch buffers.
    pub scratch: Vec<Scratch>,
    /// Dispatches, in execution order.
    pub calls: Vec<KernelCall>,
}

impl KernelSequence {
    /// Returns the dispatches by which `candidate` computes `problem` on activations stored in
    /// `scalar`. Returns `None` if the candidate cannot compute the problem.
    pub fn new(candidate: &Candidate, problem: &ConvProblem, scalar: Scalar) -> Option<Self> {
        match candidate.algorithm {
            Algorithm::Kernel(kernel) => problem
                .fits(kernel)
                .then(|| direct(problem, kernel, scalar)),
            Algorithm::Split { gemm, sum } => split(problem, gemm, sum, scalar),
            Algorithm::Winograd {
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

    /// Returns the indices of the first and the last call that bind `operand`.
    pub fn calls_of(&self, operand: Operand) -> Option<(usize, usize)> {
        let binds = |s: &KernelCall| s.writes == operand || s.reads.contains(&operand);
        let first = self.calls.iter().position(binds)?;
        let last = self.calls.iter().rposition(binds)?;
        Some((first, last))
    }
}

fn direct(problem: &ConvProblem, kernel: &'static Kernel, scalar: Scalar) -> KernelSequence {
    let mut reads = vec![
        Operand::Input,
        Operand::Weight(0),
        Operand::Weight(1),
        Operand::Residual,
    ];
    // A family that reads fewer than four values takes no residual.
    reads.truncate(kernel.family.reads());
    KernelSequence {
        weights: vec![
            (
                WeightSource::Filters,
                problem.weight_packing(kernel),
                scalar,
            ),
            (
                WeightSource::Bias,
                problem.bias_packing(kernel),
                Scalar::F32,
            ),
        ],
        scratch: vec![],
        calls: vec![KernelCall {
            kernel,
            types: ScalarTypes::of(scalar),
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
) -> Option<KernelSequence> {
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
    Some(KernelSequence {
        weights: vec![
            (WeightSource::Filters, filters, between),
            (WeightSource::Zeros, gemm.bias_packing(product), Scalar::F32),
            (
                WeightSource::Bias,
                problem.conv.bias_packing(output),
                Scalar::F32,
            ),
        ],
        scratch: vec![scratch(transformed), scratch(products)],
        calls: vec![
            KernelCall {
                kernel: input,
                types: ScalarTypes::new(scalar, between),
                reads: vec![Operand::Input],
                writes: Operand::Scratch(0),
                dispatch: problem.input_dispatch(input),
                macs: 0,
            },
            KernelCall {
                kernel: product,
                types: ScalarTypes::of(between),
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
            KernelCall {
                kernel: output,
                types: ScalarTypes::new(between, scalar),
                reads: vec![Operand::Scratch(1), Operand::Weight(2), Operand::Residual],
                writes: Operand::Output,
                dispatch: problem.output_dispatch(output),
                macs: 0,
            },
        ],
    })
}
