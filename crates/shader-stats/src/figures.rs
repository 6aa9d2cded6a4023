//! The figures of a pipeline, in the same terms for every driver.

use serde::{Deserialize, Serialize};

use crate::audited::{Compiled, Value};
use crate::hot_loop;

/// The figures of a pipeline. A figure is absent if the driver does not report it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// Lanes of a subgroup, as the driver compiled the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simd: Option<u32>,
    /// Vector registers of an invocation; on Adreno, full registers of four components.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registers: Option<u32>,
    /// Registers that were spilled to memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spills: Option<u32>,
    /// Registers that were filled from memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fills: Option<u32>,
    /// Bytes of private memory of an invocation or, on Intel, of a subgroup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scratch_bytes: Option<u32>,
    /// Bytes of workgroup memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workgroup_bytes: Option<u32>,
    /// Subgroups that one SIMD unit or core can hold at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occupancy: Option<u32>,
    /// Instructions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<u32>,
    /// The compiler's own estimate of the time of a subgroup, in cycles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycles: Option<u32>,
    /// The share of multiply-adds among the instructions of the hottest loop, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fma_share: Option<f64>,
}

/// The names by which Mesa's drivers report each figure: RADV, ANV, NVK, Turnip and PanVK.
const REGISTERS: &[&str] = &["VGPRs", "Number of GPRs", "Registers used", "Registers"];
/// On NVK only the size of local memory is known: see [`Figures::of`].
const SPILLS: &[&str] = &["Spilled VGPRs", "Spill Count", "STP Count", "Spills"];
const FILLS: &[&str] = &["Fill Count", "LDP Count", "Fills"];
const SCRATCH: &[&str] = &["Scratch size", "Scratch Memory Size", "SLM Size"];
const WORKGROUP: &[&str] = &["LDS size", "Workgroup Memory Size"];
const OCCUPANCY: &[&str] = &["Subgroups per SIMD", "Max Waves Per Core", "Threads"];
const INSTRUCTIONS: &[&str] = &["Instructions", "Instruction Count"];
const CYCLES: &[&str] = &["Latency", "Cycle Count", "Cycles"];

impl Figures {
    /// Returns the figures of a pipeline.
    pub fn of(compiled: &Compiled) -> Self {
        let number = |names: &[&str]| {
            let found = compiled
                .statistics
                .iter()
                .find(|(name, _)| names.iter().any(|n| name.eq_ignore_ascii_case(n)));
            match found?.1 {
                Value::Integer(n) => u32::try_from(n).ok(),
                Value::Float(x) => Some(x.round() as u32),
            }
        };
        Self {
            simd: Some(compiled.subgroup).filter(|s| *s > 0),
            registers: number(REGISTERS),
            // NVK reports the bytes of local memory, which our kernels use only for spills. PanVK
            // reports no figure, but its assembly names the memory.
            spills: number(SPILLS)
                .or(number(&["SLM Size"]).map(|bytes| bytes.div_ceil(4)))
                .or_else(|| private_accesses(&compiled.listings)),
            fills: number(FILLS),
            scratch_bytes: number(SCRATCH),
            workgroup_bytes: number(WORKGROUP),
            occupancy: number(OCCUPANCY),
            instructions: number(INSTRUCTIONS),
            cycles: number(CYCLES),
            fma_share: hot_loop::fma_share(&compiled.listings),
        }
    }
}

/// Returns the number of instructions of Arm's assembly that access private memory.
fn private_accesses(listings: &[(String, String)]) -> Option<u32> {
    let text = hot_loop::arm_assembly(listings)?;
    let accesses = text.lines().filter(|l| l.contains("thread_local_pointer"));
    Some(accesses.count() as u32)
}
