//! What a plan is made of: steps, and what they bind.

use super::activation_bytes;
use crate::graph::{NodeId, Shape};
use crate::kernels::{InputForm, Kernel, Outputs, Packing, Place, Scalar, Types, Variant};
use crate::tensor::quads;

/// Something a step binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// An activation slot.
    Slot(usize),
    /// A weight buffer.
    Weight(usize),
}

/// A packed weight buffer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Weight {
    /// The tensor that is packed; `None` for zeros (a missing bias).
    pub tensor: Option<String>,
    /// How it is packed.
    pub packing: Packing,
    /// In what it is stored.
    pub scalar: Scalar,
}

impl Weight {
    /// Bytes of the buffer.
    pub fn bytes(&self) -> u64 {
        (self.packing.len() as u64).saturating_mul(self.scalar.bytes() as u64)
    }
}

/// One dispatch.
#[derive(Debug, Clone)]
pub struct Step {
    /// The node of the lowered graph that it computes (a node larger than a
    /// binding may be takes several steps).
    pub node: NodeId,
    /// The layer's name: the convolution's own, whatever else passes fused
    /// into it.
    pub name: String,
    /// The candidate that it is a stage of.
    pub candidate: &'static str,
    /// Slots that it reads.
    pub inputs: Vec<usize>,
    /// The kernel.
    pub kernel: &'static Kernel,
    /// In what the kernel reads and writes.
    pub types: Types,
    /// What the kernel leaves.
    pub outputs: Outputs,
    /// The batch norm whose value it leaves as well or instead, by its name.
    pub joined: Option<String>,
    /// Buffers that it reads, in the kernel's order.
    pub reads: Vec<Binding>,
    /// Slots that it writes, in the kernel's order.
    pub writes: Vec<usize>,
    /// The kernel's `Params` struct as words.
    pub params: Vec<u32>,
    /// Workgroups along x, y and z.
    pub grid: [u32; 3],
    /// Output of one image; of the whole layer, where that takes several
    /// dispatches.
    pub output: Shape,
    /// Multiply-accumulates of this dispatch for the whole batch.
    pub macs: u64,
    /// Bytes that it has to read and write at least, for the whole batch: its
    /// inputs, weights and outputs, each once.
    pub bytes: u64,
}

impl Step {
    /// What it runs.
    pub fn variant(&self) -> Variant {
        Variant {
            kernel: self.kernel,
            types: self.types,
            outputs: self.outputs,
        }
    }

    /// The layer, and the batch norm that is made in the same pass.
    pub fn label(&self) -> String {
        match &self.joined {
            Some(joined) => format!("{} + {joined}", self.name),
            None => self.name.clone(),
        }
    }
}

/// Where a value lies when the steps have run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The node of the lowered graph.
    pub node: NodeId,
    /// Its slot.
    pub slot: usize,
    /// Its shape for one image.
    pub shape: Shape,
    /// In what it is stored.
    pub scalar: Scalar,
}

impl Output {
    /// Bytes of the value for a batch, quads padded.
    pub fn bytes(&self, batch: usize) -> u64 {
        activation_bytes(batch, self.shape, self.scalar)
    }
}

/// A place that values take turns in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Bytes of the largest of them.
    pub bytes: u64,
    /// What it is.
    pub place: Place,
}

/// Where a run's images go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Input {
    /// The slot that the host writes.
    pub slot: usize,
    /// One image.
    pub shape: Shape,
    /// How images arrive.
    pub form: InputForm,
}

impl Input {
    /// Bytes of one image, as the host gives it.
    pub fn image_bytes(&self) -> usize {
        let Shape { h, w, c } = self.shape;
        match self.form {
            InputForm::F32 => h * w * quads(c) * Scalar::F32.quad_bytes(),
            InputForm::Rgb8 { .. } => h * w * c,
        }
    }
}
