//! The candidates: all ways to compute an operation.
//!
//! Most candidates are one kernel. Some convolution candidates take several dispatches, which pass
//! values through scratch buffers.

use super::Scalar;
use super::rows::{KERNELS, find};
use super::table::Kernel;
use super::tile::KernelFamily;

/// One way to compute an operation. `resnet profile --candidates` lists the candidates of each
/// convolution.
///
/// ```
/// use resnet_wgpu::low_level::plan::candidate;
///
/// let winograd = candidate("conv.winograd2.tiled.64x64").expect("a candidate");
/// assert_eq!(winograd.name, "conv.winograd2.tiled.64x64");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Unique name, as reports print it. For a single kernel, the name of the kernel.
    pub name: &'static str,
    /// Kernels that compute the operation.
    pub algorithm: Algorithm,
}

/// The kernels by which a candidate computes its operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// A single kernel.
    Kernel(&'static Kernel),
    /// Split K, for a convolution of few pixels: several workgroups share each tile's reduction,
    /// and their sums are added.
    Split {
        /// Computes the parts' sums.
        gemm: &'static Kernel,
        /// Adds the parts' sums and applies the epilogue.
        sum: &'static Kernel,
    },
    /// A 3×3 convolution of stride 1 as products of transformed tiles (Lavin and Gray 2016).
    /// `input` transforms the image, `gemm` multiplies at each of (m+2)² points, and `output`
    /// transforms the products back.
    Winograd {
        /// Side of an output tile, m: 2 or 4.
        tile: usize,
        /// Transforms the input.
        input: &'static Kernel,
        /// Computes the products, one GEMM for each point.
        gemm: &'static Kernel,
        /// Transforms the products into the output and applies the epilogue.
        output: &'static Kernel,
    },
}

impl Candidate {
    /// Creates the candidate that is the given kernel.
    pub const fn of(kernel: &'static Kernel) -> Self {
        Self {
            name: kernel.name,
            algorithm: Algorithm::Kernel(kernel),
        }
    }

    /// Returns the family of the operation that the candidate computes.
    pub fn family(&self) -> KernelFamily {
        match self.algorithm {
            Algorithm::Kernel(kernel) => kernel.family,
            Algorithm::Split { .. } | Algorithm::Winograd { .. } => KernelFamily::Conv,
        }
    }

    /// Returns whether the candidate is of use if activations are stored in `scalar`.
    pub fn serves(&self, scalar: Scalar) -> bool {
        match self.algorithm {
            Algorithm::Kernel(kernel) => kernel.types().iter().any(|t| match kernel.family {
                KernelFamily::Ingest => t.writes == scalar,
                _ => t.reads == scalar,
            }),
            Algorithm::Split { gemm, .. } | Algorithm::Winograd { gemm, .. } => {
                gemm.types().iter().any(|t| t.reads == scalar)
            }
        }
    }

    /// Returns whether the candidate rounds factors to f16, as cooperative matrices do. Its results
    /// then have less than f32 precision.
    pub fn rounds_factors(&self) -> bool {
        self.kernels()
            .iter()
            .any(|k| k.requirements().cooperative > 0)
    }

    /// Returns the candidate's kernels in the order of their dispatches.
    pub fn kernels(&self) -> Vec<&'static Kernel> {
        match self.algorithm {
            Algorithm::Kernel(kernel) => vec![kernel],
            Algorithm::Split { gemm, sum } => vec![gemm, sum],
            Algorithm::Winograd {
                input,
                gemm,
                output,
                ..
            } => vec![input, gemm, output],
        }
    }
}

/// Returns the kernel with the given name. An unknown name fails the build.
const fn kernel(name: &str) -> &'static Kernel {
    let mut i = 0;
    while i < KERNELS.len() {
        if same(KERNELS[i].name.as_bytes(), name.as_bytes()) {
            return &KERNELS[i];
        }
        i += 1;
    }
    panic!("no kernel of that name")
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn split(name: &'static str, gemm: &str) -> Candidate {
    Candidate {
        name,
        algorithm: Algorithm::Split {
            gemm: kernel(gemm),
            sum: kernel("sum_parts"),
        },
    }
}

const fn winograd(name: &'static str, tile: usize, gemm: &str) -> Candidate {
    let (input, output) = match tile {
        2 => ("winograd2.input", "winograd2.output"),
        4 => ("winograd4.input", "winograd4.output"),
        _ => panic!("no transforms of that tile"),
    };
    Candidate {
        name,
        algorithm: Algorithm::Winograd {
            tile,
            input: kernel(input),
            gemm: kernel(gemm),
            output: kernel(output),
        },
    }
}

/// The candidates that take several dispatches.
const COMPOSITES: &[Candidate] = &[
    split("conv.tiled.64x64.split", "conv.tiled.64x64"),
    split("conv.tiled.32x32.split", "conv.tiled.32x32"),
    split("conv1x1.tiled.64x64.split", "conv1x1.tiled.64x64"),
    split("conv1x1.tiled.32x32.split", "conv1x1.tiled.32x32"),
    winograd("conv.winograd2.tiled.128x64", 2, "conv1x1.tiled.128x64"),
    winograd("conv.winograd2.tiled.64x64", 2, "conv1x1.tiled.64x64"),
    winograd("conv.winograd2.tiled.32x32", 2, "conv1x1.tiled.32x32"),
    winograd("conv.winograd4.tiled.128x64", 4, "conv1x1.tiled.128x64"),
    winograd("conv.winograd4.tiled.64x64", 4, "conv1x1.tiled.64x64"),
    winograd("conv.winograd4.tiled.32x32", 4, "conv1x1.tiled.32x32"),
    winograd("conv.winograd2.shuffle8.56", 2, "conv.shuffle8.56"),
    winograd("conv.winograd2.shuffle8.32", 2, "conv.shuffle8.32"),
    winograd("conv.winograd2.shuffle16.48", 2, "conv.shuffle16.48"),
    winograd("conv.winograd4.shuffle8.56", 4, "conv.shuffle8.56"),
    winograd("conv.winograd4.shuffle8.32", 4, "conv.shuffle8.32"),
    winograd("conv.winograd4.shuffle16.48", 4, "conv.shuffle16.48"),
];

/// Returns every candidate of every operation.
///
/// First come the kernels that compute an operation alone, in the order of the table. Then come the
/// candidates of several dispatches.
pub fn candidates() -> impl Iterator<Item = Candidate> {
    let alone = KERNELS.iter().filter(|k| k.family.is_operation());
    alone.map(Candidate::of).chain(COMPOSITES.iter().copied())
}

/// Returns the candidate with the given name.
pub fn candidate(name: &str) -> Option<Candidate> {
    let composite = || COMPOSITES.iter().find(|c| c.name == name).copied();
    find(name)
        .filter(|k| k.family.is_operation())
        .map(Candidate::of)
        .or_else(composite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        let all: Vec<Candidate> = candidates().collect();
        for (i, c) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|other| other.name != c.name));
            assert_eq!(candidate(c.name), Some(*c));
        }
        assert_eq!(candidate("winograd2.input"), None);
    }

    /// The program would never compile a kernel that belongs to no candidate.
    #[test]
    fn every_kernel_belongs_to_a_candidate() {
        let used: Vec<_> = candidates().flat_map(|c| c.kernels()).collect();
        for kernel in KERNELS {
            assert!(
                used.iter().any(|k| k.name == kernel.name),
                "{}",
                kernel.name
            );
        }
    }
}
