//! The parts of a plan: steps, and the buffers that steps bind.

use super::activation_bytes;
use crate::graph::{NodeId, Shape};
use crate::kernels::{
    InputForm, Kernel, KernelOutputs, KernelVariant, MemoryKind, Packing, Scalar, ScalarTypes,
};
use crate::tensor::quads;

/// A buffer that a step binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// An activation slot, by index.
    Slot(usize),
    /// A weight buffer, by index.
    Weight(usize),
}

/// A packed weight buffer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Weight {
    /// Name of the tensor that is packed; `None` for zeros (a missing bias).
    pub tensor: Option<String>,
    /// Layout of the packed tensor.
    pub packing: Packing,
    /// Stored scalar type.
    pub scalar: Scalar,
}

impl Weight {
    /// Returns the size of the buffer in bytes.
    pub fn bytes(&self) -> u64 {
        (self.packing.len() as u64).saturating_mul(self.scalar.bytes() as u64)
    }
}

/// One dispatch.
#[derive(Debug, Clone)]
pub struct Step {
    /// The node of the lowered graph that this step computes. A node that is larger than a binding
    /// takes several steps.
    pub node: NodeId,
    /// The layer's name. A fused node has the name of its convolution or fully connected layer.
    pub name: String,
    /// Name of the candidate that this step belongs to.
    pub candidate: &'static str,
    /// Slots that the step reads.
    pub inputs: Vec<usize>,
    /// The kernel.
    pub kernel: &'static Kernel,
    /// Scalar types that the kernel reads and writes.
    pub types: ScalarTypes,
    /// Selects the kernel's outputs: the sum, its batch norm, or both.
    pub outputs: KernelOutputs,
    /// Name of the batch norm that this step computes in addition to its own value or instead of
    /// it.
    pub fused_norm: Option<String>,
    /// Buffers that the step reads, in the kernel's order.
    pub reads: Vec<Binding>,
    /// Slots that the step writes, in the kernel's order.
    pub writes: Vec<usize>,
    /// The kernel's `Params` struct as 32-bit words.
    pub params: Vec<u32>,
    /// Workgroups along x, y and z.
    pub grid: [u32; 3],
    /// Shape of the layer's whole output for one image, even if the layer takes several dispatches.
    pub output: Shape,
    /// Multiply-accumulates of this dispatch for the whole batch.
    pub macs: u64,
    /// Minimum memory traffic of this dispatch for the whole batch, in bytes: every input, weight
    /// and output once.
    pub bytes: u64,
}

impl Step {
    /// Returns the kernel with its types and outputs, as the device compiles it.
    pub fn variant(&self) -> KernelVariant {
        KernelVariant {
            kernel: self.kernel,
            types: self.types,
            outputs: self.outputs,
        }
    }

    /// Returns the layer's name, followed by the name of the batch norm that the step also
    /// computes, if any.
    pub fn label(&self) -> String {
        match &self.fused_norm {
            Some(fused_norm) => format!("{} + {fused_norm}", self.name),
            None => self.name.clone(),
        }
    }
}

/// Location of an output after all steps have run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanOutput {
    /// The node of the lowered graph.
    pub node: NodeId,
    /// The slot that holds the value.
    pub slot: usize,
    /// Shape of the value for one image.
    pub shape: Shape,
    /// Stored scalar type.
    pub scalar: Scalar,
}

impl PlanOutput {
    /// Returns the size of the value for a batch in bytes. Channels are padded to a multiple of
    /// four.
    pub fn bytes(&self, batch: usize) -> u64 {
        activation_bytes(batch, self.shape, self.scalar)
    }
}

/// A buffer or texture that several values occupy one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Size of the largest of these values in bytes.
    pub bytes: u64,
    /// Memory kind of the slot: a storage buffer or a texture.
    pub memory_kind: MemoryKind,
}

/// Destination of a run's images.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanInput {
    /// The slot that the host writes.
    pub slot: usize,
    /// Shape of one image.
    pub shape: Shape,
    /// Format of the images that the host passes.
    pub form: InputForm,
}

impl PlanInput {
    /// Returns the size of one image in bytes, in the format that the host passes.
    pub fn image_bytes(&self) -> usize {
        let Shape { h, w, c } = self.shape;
        match self.form {
            InputForm::F32 => h * w * quads(c) * Scalar::F32.quad_bytes(),
            InputForm::Rgb8 { .. } => h * w * c,
        }
    }
}
