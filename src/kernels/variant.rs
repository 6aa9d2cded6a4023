//! A kernel as it is compiled.

use super::{Family, Kernel, Types};

/// What a convolution's last stage leaves of its sums.
///
/// A block of a pre-activation network (He et al. 2016) begins with a batch
/// norm and a ReLU of the sum that the block before it ends with. That sum is
/// in registers when it is stored, so both are applied there, and nothing has
/// to read it again for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Outputs {
    /// y, the sum after its own epilogue.
    #[default]
    Sum,
    /// y, and z = max(y·scale + shift, 0): where a shortcut wants the sum.
    Both,
    /// z alone: where nothing else does.
    Normed,
}

impl Outputs {
    /// Its name in templates.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Both => "both",
            Self::Normed => "normed",
        }
    }

    /// Vectors that it takes besides what the kernel reads: scale and shift.
    fn reads(self) -> usize {
        match self {
            Self::Sum => 0,
            Self::Both | Self::Normed => 2,
        }
    }
}

/// A kernel with what it reads, writes and leaves: each has a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variant {
    /// The kernel.
    pub kernel: &'static Kernel,
    /// In what it reads and writes.
    pub types: Types,
    /// What it leaves.
    pub outputs: Outputs,
}

impl Variant {
    /// The kernel by itself, with f32 throughout.
    pub const fn of(kernel: &'static Kernel) -> Self {
        Self {
            kernel,
            types: Types::F32,
            outputs: Outputs::Sum,
        }
    }

    /// Values that it reads, besides its parameters; they are bound first.
    pub fn reads(&self) -> usize {
        self.kernel.family.reads() + self.outputs.reads()
    }

    /// Values that it writes; they are bound last.
    pub fn writes(&self) -> usize {
        match self.outputs {
            Outputs::Sum | Outputs::Normed => 1,
            Outputs::Both => 2,
        }
    }

    /// Values that it binds.
    pub fn values(&self) -> usize {
        self.reads() + self.writes()
    }
}

impl Kernel {
    /// What it may be asked to leave: any of them, where it may be the last
    /// stage of a convolution.
    pub fn outputs(&self) -> &'static [Outputs] {
        match self.family {
            Family::Conv | Family::GroupedConv | Family::SumParts | Family::WinogradOutput => {
                &[Outputs::Sum, Outputs::Both, Outputs::Normed]
            }
            _ => &[Outputs::Sum],
        }
    }

    /// Everything that it may be compiled for.
    pub fn variants(&'static self) -> impl Iterator<Item = Variant> {
        self.types().iter().flat_map(move |&types| {
            self.outputs().iter().map(move |&outputs| Variant {
                kernel: self,
                types,
                outputs,
            })
        })
    }
}
