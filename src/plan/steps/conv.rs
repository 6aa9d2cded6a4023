//! Steps of a convolution: the stages of its candidate, and the batch norm that the last stage may
//! also compute.

use super::{Builder, slots_of};
use crate::graph::{Conv2d, Node, NodeId, Op};
use crate::kernels::{Operand, Recipe, Scalar, Source, Stage};
use crate::plan::join::Join;
use crate::plan::traffic::traffic;
use crate::plan::{Binding, PlanError, activation_bytes};
use crate::tensor::quads;

impl Builder<'_> {
    /// Adds the stages of the chosen candidate as steps.
    pub(super) fn conv(&mut self, id: NodeId, node: &Node, conv: &Conv2d) -> Result<(), PlanError> {
        let Some(chosen) = &self.values.chosen[id.0] else {
            return Err(self.no_kernel(node));
        };
        let recipe = &chosen.recipe;
        let mut weights = Vec::with_capacity(recipe.weights.len());
        for (source, packing, scalar) in &recipe.weights {
            let tensor = match source {
                Source::Filters => Some(conv.weight.as_str()),
                Source::Bias => conv.bias.as_deref(),
                Source::Zeros => None,
            };
            weights.push(self.weight(node, tensor, *packing, *scalar)?);
        }
        let inputs = self.slots(node);
        for stage in &recipe.stages {
            let mut reads = Vec::with_capacity(stage.reads.len());
            for &operand in &stage.reads {
                let bound = match operand {
                    Operand::Residual => inputs.get(1).or(reads.first()).copied(),
                    Operand::Input => inputs.first().copied(),
                    Operand::Weight(i) => weights.get(i).copied(),
                    Operand::Scratch(_) | Operand::Output => {
                        Some(Binding::Slot(self.slot(id, operand)))
                    }
                };
                reads.extend(bound);
            }
            self.push(id, node, stage.kernel, reads, stage.dispatch.clone())?;
            let writes = self.slot(id, stage.writes);
            let bytes = self.traffic(id, recipe, stage, &weights);
            if let Some(step) = self.steps.last_mut() {
                step.candidate = chosen.candidate.name;
                step.types = stage.types;
                step.writes = vec![writes];
                step.inputs = slots_of(&step.reads);
                step.macs = stage.macs;
                step.bytes = bytes;
            }
            if let (Operand::Output, Some(join)) = (stage.writes, self.values.joins.of(id)) {
                self.join(id, join)?;
            }
        }
        Ok(())
    }

    /// Changes the last step so that its kernel also computes the batch norm of `join`, in addition
    /// to the convolution's value or instead of it.
    fn join(&mut self, id: NodeId, join: Join) -> Result<(), PlanError> {
        let v = self.values;
        let (own, node) = (v.graph.node(id), v.graph.node(join.node));
        let vectors = match &node.op {
            Op::ScaleShift { scale, shift, .. } => self.vectors(node, [scale, shift])?.to_vec(),
            _ => vec![],
        };
        let written =
            |id: NodeId, node: &Node| activation_bytes(v.batch, node.shape, v.stored[id.0]);
        let slot = self.slot_of[join.node.0];
        if let Some(step) = self.steps.last_mut() {
            step.outputs = join.outputs;
            step.joined = Some(node.name.clone());
            step.bytes += (vectors.len() * quads(node.shape.c) * Scalar::F32.quad_bytes()) as u64;
            step.bytes += written(join.node, node);
            step.reads.extend(vectors);
            if join.instead {
                step.bytes -= written(id, own);
                step.output = node.shape;
            } else {
                step.writes.push(slot)
            }
        }
        Ok(())
    }

    /// Returns the slot of a node's output or scratch buffer.
    fn slot(&self, id: NodeId, operand: Operand) -> usize {
        match operand {
            Operand::Scratch(i) => self.slot_of[self.scratch_at[id.0] + i],
            _ => self.slot_of[id.0],
        }
    }

    /// Returns the minimum memory traffic of a stage in bytes.
    fn traffic(&self, id: NodeId, recipe: &Recipe, stage: &Stage, weights: &[Binding]) -> u64 {
        let mut operands = stage.reads.clone();
        operands.push(stage.writes);
        // An operand that is bound twice is counted once.
        operands.sort_unstable();
        operands.dedup();
        let v = self.values;
        let [input, residual, output] = traffic(v.graph, v.stored, id, v.batch);
        let bytes = operands.iter().map(|operand| match operand {
            Operand::Input => input,
            Operand::Residual => residual,
            Operand::Output => output,
            Operand::Scratch(i) => recipe.scratch[*i].bytes(),
            Operand::Weight(i) => match weights[*i] {
                Binding::Weight(w) => self.weights[w].bytes(),
                Binding::Slot(_) => 0,
            },
        });
        bytes.sum()
    }
}
