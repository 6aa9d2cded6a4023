//! A kernel in one form in which it is compiled.

use super::{Kernel, KernelFamily, MemoryKind, ScalarTypes, Storage, Tile};

/// The values that a convolution's last kernel stores.
///
/// A block of a pre-activation network (He et al. 2016) begins with a batch norm and a ReLU of the
/// sum with which the previous block ends. The last kernel holds that sum in registers when it
/// stores the sum. It therefore applies batch norm and ReLU there, and no kernel has to read the
/// sum again for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum KernelOutputs {
    /// Stores y, the sum after the convolution's own epilogue.
    #[default]
    Sum,
    /// Stores y and z = max(y·scale + shift, 0), if a shortcut needs the sum.
    Both,
    /// Stores only z, if no other node needs the sum.
    Normed,
}

impl KernelOutputs {
    /// Returns the name in templates.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Both => "both",
            Self::Normed => "normed",
        }
    }

    /// Returns the number of vectors read in addition to the kernel's own: scale and shift.
    fn reads(self) -> usize {
        match self {
            Self::Sum => 0,
            Self::Both | Self::Normed => 2,
        }
    }
}

/// A kernel with the types that it reads and writes and the values that it stores. Each variant has
/// its own pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelVariant {
    /// The kernel.
    pub kernel: &'static Kernel,
    /// Types that the kernel reads and writes.
    pub types: ScalarTypes,
    /// Values that the kernel stores.
    pub outputs: KernelOutputs,
}

impl KernelVariant {
    /// Creates the plain variant of a kernel: f32 throughout, storing only the sum.
    pub const fn of(kernel: &'static Kernel) -> Self {
        Self {
            kernel,
            types: ScalarTypes::F32,
            outputs: KernelOutputs::Sum,
        }
    }

    /// Returns the number of values that the variant reads, parameters excluded. These values are
    /// bound first.
    pub fn reads(&self) -> usize {
        self.kernel.family.reads() + self.outputs.reads()
    }

    /// Returns the number of values that the variant writes. These values are bound last.
    pub fn writes(&self) -> usize {
        match self.outputs {
            KernelOutputs::Sum | KernelOutputs::Normed => 1,
            KernelOutputs::Both => 2,
        }
    }

    /// Returns the memory kind of the values that the variant reads. Some of them may have another
    /// scalar type than the first, but the binding is the same.
    pub fn read_memory_kind(&self, storage: Storage) -> MemoryKind {
        match self.kernel.tile {
            Tile::Bytes => MemoryKind::Buffer,
            _ => storage.memory_kind(self.types.reads),
        }
    }

    /// Returns the memory kind of the values that the variant writes.
    pub fn write_memory_kind(&self, storage: Storage) -> MemoryKind {
        storage.memory_kind(self.types.writes)
    }

    /// Returns the total number of values that the variant binds.
    pub fn values(&self) -> usize {
        self.reads() + self.writes()
    }
}

impl Kernel {
    /// Returns the outputs that the kernel supports. A kernel that can be the last kernel of a
    /// convolution supports all of them.
    pub fn outputs(&self) -> &'static [KernelOutputs] {
        match self.family {
            KernelFamily::Conv
            | KernelFamily::GroupedConv
            | KernelFamily::SumParts
            | KernelFamily::WinogradOutput => &[
                KernelOutputs::Sum,
                KernelOutputs::Both,
                KernelOutputs::Normed,
            ],
            _ => &[KernelOutputs::Sum],
        }
    }

    /// Returns every variant in which the kernel can be compiled.
    pub fn variants(&'static self) -> impl Iterator<Item = KernelVariant> {
        self.types().iter().flat_map(move |&types| {
            self.outputs().iter().map(move |&outputs| KernelVariant {
                kernel: self,
                types,
                outputs,
            })
        })
    }
}
