//! Steps of a convolution: the kernel calls of its candidate, and the batch norm that the
//! last call may also compute.

use super::{StepBuilder, slots_of};
use crate::graph::{Conv2d, Node, NodeId, Op};
use crate::kernels::{KernelCall, KernelOutputs, KernelSequence, Operand, Scalar, WeightSource};
use crate::plan::fused_norms::FusedNorm;
use crate::plan::traffic::traffic;
use crate::plan::{Binding, PlanError, activation_bytes};
use crate::tensor::quads;

impl StepBuilder<'_> {
    /// Adds the kernel calls of the chosen candidate as steps.
    pub(super) fn conv(&mut self, id: NodeId, node: &Node, conv: &Conv2d) -> Result<(), PlanError> {
        let Some(chosen) = &self.values.selections[id.0] else {
            return Err(self.no_kernel(node));
        };
        let sequence = &chosen.sequence;
        let mut weights = Vec::with_capacity(sequence.weights.len());
        for (source, packing, scalar) in &sequence.weights {
            let tensor = match source {
                WeightSource::Filters => Some(conv.weight.as_str()),
                WeightSource::Bias => conv.bias.as_deref(),
                WeightSource::Zeros => None,
            };
            weights.push(self.weight(node, tensor, *packing, *scalar)?);
        }
        let inputs = self.slots(node);
        for call in &sequence.calls {
            let mut reads = Vec::with_capacity(call.reads.len());
            for &operand in &call.reads {
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
            self.push(id, node, call.kernel, reads, call.dispatch.clone())?;
            let writes = self.slot(id, call.writes);
            let bytes = self.traffic(id, sequence, call, &weights);
            if let Some(step) = self.steps.last_mut() {
                step.candidate = chosen.candidate.name;
                step.types = call.types;
                step.writes = vec![writes];
                step.inputs = slots_of(&step.reads);
                step.macs = call.macs;
                step.bytes = bytes;
            }
            if let (Operand::Output, Some(fused_norm)) =
                (call.writes, self.values.fused_norms.of(id))
            {
                self.fuse_norm(id, fused_norm)?;
            }
        }
        Ok(())
    }

    /// Changes the last step so that its kernel also computes `fused_norm`, in addition to
    /// the convolution's value or instead of it.
    fn fuse_norm(&mut self, id: NodeId, fused_norm: FusedNorm) -> Result<(), PlanError> {
        let v = self.values;
        let (own, node) = (v.graph.node(id), v.graph.node(fused_norm.node));
        let vectors = match &node.op {
            Op::ScaleShift { scale, shift, .. } => self.vectors(node, [scale, shift])?.to_vec(),
            _ => vec![],
        };
        let written =
            |id: NodeId, node: &Node| activation_bytes(v.batch, node.shape, v.stored[id.0]);
        let slot = self.slot_of[fused_norm.node.0];
        if let Some(step) = self.steps.last_mut() {
            step.outputs = fused_norm.outputs;
            step.fused_norm = Some(node.name.clone());
            step.bytes += (vectors.len() * quads(node.shape.c) * Scalar::F32.quad_bytes()) as u64;
            step.bytes += written(fused_norm.node, node);
            step.reads.extend(vectors);
            if fused_norm.outputs == KernelOutputs::Normed {
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

    /// Returns the minimum memory traffic of a kernel call in bytes.
    fn traffic(
        &self,
        id: NodeId,
        sequence: &KernelSequence,
        call: &KernelCall,
        weights: &[Binding],
    ) -> u64 {
        let mut operands = call.reads.clone();
        operands.push(call.writes);
        // An operand that is bound twice is counted once.
        operands.sort_unstable();
        operands.dedup();
        let v = self.values;
        let [input, residual, output] = traffic(v.graph, v.stored, id, v.batch);
        let bytes = operands.iter().map(|operand| match operand {
            Operand::Input => input,
            Operand::Residual => residual,
            Operand::Output => output,
            Operand::Scratch(i) => sequence.scratch[*i].bytes(),
            Operand::Weight(i) => match weights[*i] {
                Binding::Weight(w) => self.weights[w].bytes(),
                Binding::Slot(_) => 0,
            },
        });
        bytes.sum()
    }
}
