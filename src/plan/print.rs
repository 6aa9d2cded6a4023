//! Prints a plan as a table for people and for snapshot tests.

use std::fmt;

use super::Plan;
use crate::kernels::{KernelOutputs, Scalar};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "batch {}{}, {} steps, {} kernels, {} slots of {} bytes (live peak {}), weights {} bytes",
            self.batch,
            match self.precision {
                Scalar::F16 => " in f16",
                Scalar::F32 => "",
            },
            self.steps.len(),
            self.kernels().len(),
            self.slots.len(),
            self.activation_bytes(),
            self.live_peak,
            self.weight_bytes(),
        )?;
        for (i, slot) in self.slots.iter().enumerate() {
            writeln!(f, "  slot s{i}: {}", slot.bytes)?;
        }
        writeln!(f, "  input → s{}", self.input.slot)?;
        for step in &self.steps {
            let slots: Vec<String> = step.inputs.iter().map(|s| format!("s{s}")).collect();
            let writes: Vec<String> = step.writes.iter().map(|s| format!("s{s}")).collect();
            let [x, y, _] = step.grid;
            let grid = if y == 1 {
                format!("{x}")
            } else {
                format!("{x}×{y}")
            };
            write!(
                f,
                "  {:<24} {:<22} {:>7} groups  {:<8} → {}",
                step.name,
                step.kernel.name,
                grid,
                slots.join(" "),
                writes.join(" "),
            )?;
            match (&step.fused_norm, step.outputs) {
                (Some(fused_norm), KernelOutputs::Both) => writeln!(f, " with {fused_norm}")?,
                (Some(fused_norm), _) => writeln!(f, " as {fused_norm}")?,
                (None, _) => writeln!(f)?,
            }
        }
        for output in &self.outputs {
            writeln!(f, "  output s{}: {}", output.slot, output.shape)?;
        }
        Ok(())
    }
}
