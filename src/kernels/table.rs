//! The type of a row in the table of kernels.

use super::ScalarTypes;
use super::cooperative::Layout;
use super::tile::{KernelFamily, Tile};

/// The device features and limits that a kernel requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Requirements {
    /// Required number of lanes in every subgroup; 0 if the kernel uses no subgroups.
    pub subgroup: u32,
    /// Bytes of workgroup memory.
    pub workgroup_bytes: u32,
    /// Invocations of a workgroup.
    pub invocations: u32,
    /// Size of the required cooperative matrices, f16 into f32; 0 if the kernel uses none.
    pub cooperative: u32,
}

/// A kernel: one row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel {
    /// Unique name, as plans print it.
    pub name: &'static str,
    /// Computation that the kernel performs.
    pub family: KernelFamily,
    /// Template in `shaders/`.
    pub shader: &'static str,
    /// Tile into which the kernel divides its work.
    pub tile: Tile,
    /// Invocations of a workgroup.
    pub workgroup: usize,
}

impl Kernel {
    /// Returns the types that the kernel can read and write.
    pub fn types(&self) -> &'static [ScalarTypes] {
        match (self.family, self.tile) {
            // Logits and probabilities are always f32.
            (KernelFamily::Linear, _) => &[ScalarTypes::F32, ScalarTypes::F16, ScalarTypes::WIDEN],
            (KernelFamily::Softmax, _) => &[ScalarTypes::F32, ScalarTypes::WIDEN],
            (KernelFamily::Ingest, Tile::Bytes) => &[ScalarTypes::F32, ScalarTypes::NARROW],
            // Floats that are stored unchanged need no kernel.
            (KernelFamily::Ingest, _) => &[ScalarTypes::NARROW],
            // Values between the dispatches of F(4×4) are f32: see `winograd.rs`.
            (KernelFamily::WinogradInput, Tile::Winograd { output: 4 }) => {
                &[ScalarTypes::F32, ScalarTypes::WIDEN]
            }
            (KernelFamily::WinogradOutput, Tile::Winograd { output: 4 }) => {
                &[ScalarTypes::F32, ScalarTypes::NARROW]
            }
            // Parts of a reduction are f32 until they are summed.
            (_, Tile::Gemm { .. }) => &[ScalarTypes::F32, ScalarTypes::F16, ScalarTypes::WIDEN],
            // Cooperative matrices round factors to f16, so they must not compute f32 values.
            (_, Tile::Cooperative { .. }) => &[ScalarTypes::F16, ScalarTypes::WIDEN],
            (KernelFamily::SumParts, _) => &[ScalarTypes::F32, ScalarTypes::NARROW],
            _ => &[ScalarTypes::F32, ScalarTypes::F16],
        }
    }

    /// Returns the device features and limits that the kernel requires.
    pub fn requirements(&self) -> Requirements {
        let mut cooperative = 0;
        let (subgroup, floats) = match self.tile {
            Tile::Cooperative { size, lanes, .. } => {
                cooperative = size as u32;
                let bytes = Layout::new(&self.tile).map_or(0, |l| l.workgroup_bytes());
                (lanes, bytes.div_ceil(4))
            }
            Tile::Shuffle { lanes, .. } | Tile::Stem { lanes, .. } => (lanes, 0),
            // Workgroup memory holds two steps of both tiles.
            Tile::Gemm { bm, bn, bk, .. } => (0, 8 * (bm * bk + 4 * bk * bn)),
            Tile::Reduce { quads, slices } => (0, 4 * quads * slices),
            Tile::Flat if self.family == KernelFamily::Softmax => (0, self.workgroup),
            Tile::Direct { .. }
            | Tile::Row { .. }
            | Tile::Winograd { .. }
            | Tile::Flat
            | Tile::Bytes => (0, 0),
        };
        Requirements {
            subgroup: subgroup as u32,
            workgroup_bytes: 4 * floats as u32,
            invocations: self.workgroup as u32,
            cooperative,
        }
    }
}
