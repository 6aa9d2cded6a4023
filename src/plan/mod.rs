//! The plan: everything that running a network takes, decided before a GPU is
//! touched. Schedule, kernel choice, dispatch geometry, weights and their
//! packing, and activation slots assigned by liveness. Pure data: it prints,
//! and snapshot tests hold it.

mod choose;
mod class;
mod contenders;
mod cost;
mod options;
mod precision;
mod print;
mod profile;
mod schedule;
mod slots;
mod steps;
mod stored;
mod submissions;
mod traffic;
mod winners;

pub use choose::Choice;
pub use class::{DeviceClass, Vendor};
pub use contenders::{ConvShape, chosen, contenders, conv_shapes};
pub use options::PlanOptions;
pub use precision::{Precision, Settled};
pub use profile::DeviceProfile;
pub use winners::Winners;

use std::ops::Range;

use crate::graph::{NodeId, Shape};
use crate::kernels::{InputForm, Kernel, Packing, Place, Scalar, Types};
use crate::passes::Lowered;
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
        (self.packing.len() * self.scalar.bytes()) as u64
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
    /// Buffers that it reads, in the kernel's order.
    pub reads: Vec<Binding>,
    /// Slot that it writes.
    pub writes: usize,
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
    /// inputs, weights and output, each once.
    pub bytes: u64,
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

/// A schedule for one batch size on one kind of device.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Images of a run.
    pub batch: usize,
    /// In what activations and weights are stored.
    pub precision: Scalar,
    /// What takes the images.
    pub input: Input,
    /// Dispatches in order.
    pub steps: Vec<Step>,
    /// The steps of each submission: one range, unless that would be so much
    /// work that a driver is reset.
    pub submissions: Vec<Range<usize>>,
    /// The activation slots.
    pub slots: Vec<Slot>,
    /// The most bytes of activations that are live at any one step: no
    /// assignment can do with less.
    pub live_peak: u64,
    /// Weight buffers.
    pub weights: Vec<Weight>,
    /// The logits, then the kept layers in the order asked for.
    pub outputs: Vec<Output>,
    /// For each node of the lowered graph, its slot.
    pub slot_of: Vec<usize>,
    /// For each node of the lowered graph, in what its value is stored.
    pub stored: Vec<Scalar>,
    /// Convolutions, and those of them whose candidate the [`Choice`] named;
    /// the rules chose the others'.
    pub convolutions: (usize, usize),
}

/// A network that a device cannot run as planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A buffer is larger than the device binds.
    #[error(
        "layer `{layer}` needs a buffer of {needed} bytes, and this device binds at most {limit}; \
         use a smaller batch or input size"
    )]
    TooLarge {
        /// The layer.
        layer: String,
        /// Bytes that it needs.
        needed: u64,
        /// Bytes that the device binds.
        limit: u64,
    },
    /// A weight is larger than the device binds, and cannot be cut.
    #[error(
        "layer `{layer}` has weights of {needed} bytes, and this device binds at most {limit}; \
         use another device, or `--device cpu`"
    )]
    WeightTooLarge {
        /// The layer.
        layer: String,
        /// Bytes that they need.
        needed: u64,
        /// Bytes that the device binds.
        limit: u64,
    },
    /// A node to be kept that the graph was not lowered with.
    #[error("node {0} is to be kept: lower the graph with it")]
    NotKept(usize),
    /// A dispatch has more workgroups than the device takes.
    #[error(
        "layer `{layer}` needs {needed} workgroups, and this device dispatches at most {limit}² \
         at once; use a smaller batch or input size"
    )]
    TooManyWorkgroups {
        /// The layer.
        layer: String,
        /// Workgroups that it needs.
        needed: u64,
        /// Workgroups along a dimension.
        limit: u32,
    },
    /// No kernel of a family runs on this device.
    #[error(
        "layer `{layer}` ({op}): no kernel runs within this device's limits ({limits}); \
         use another device, or `--device cpu`"
    )]
    NoKernel {
        /// The layer.
        layer: String,
        /// Its operation.
        op: &'static str,
        /// The limits, readably.
        limits: String,
    },
    /// An operation that stays after the passes and has no kernel.
    #[error("layer `{layer}`: a {op} that no pass could absorb has no kernel")]
    Unsupported {
        /// The layer.
        layer: String,
        /// Its operation.
        op: &'static str,
    },
    /// f16 on a device that has none.
    #[error(
        "this device has no f16 in shaders (the feature SHADER_F16); use `--precision f32` or \
         `auto`, or another device"
    )]
    NoF16,
    /// Bytes of red, green and blue for a network that reads other channels.
    #[error(
        "expected a network of 3 input channels for images of bytes, found {0}; pass them as f32"
    )]
    NotRgb(usize),
    /// A batch of no images.
    #[error("a batch needs at least one image")]
    EmptyBatch,
}

/// Bytes of an activation of `batch` images, channels padded to quads.
pub fn activation_bytes(batch: usize, shape: Shape, scalar: Scalar) -> u64 {
    [shape.h, shape.w, quads(shape.c), scalar.quad_bytes()]
        .iter()
        .fold(batch as u64, |bytes, &n| bytes.saturating_mul(n as u64))
}

/// Where a node of the original graph stands in the lowered one; one that was
/// kept is never absorbed, so it has a place.
fn place(lowered: &Lowered, original: NodeId) -> Option<NodeId> {
    let at = lowered.origin.iter().position(|&o| o == original);
    at.map(NodeId)
}

impl Plan {
    /// Plans `batch` images at a time on a device of that profile. `keep` are
    /// nodes of the original graph whose values are wanted besides the
    /// result; `lowered` must have been made with them.
    pub fn new(
        lowered: &Lowered,
        batch: usize,
        profile: &DeviceProfile,
        keep: &[NodeId],
        options: &PlanOptions,
    ) -> Result<Self, PlanError> {
        let graph = &lowered.graph;
        options.check(graph, profile)?;
        if batch == 0 {
            return Err(PlanError::EmptyBatch);
        }
        let stored = stored::stored(graph, options.precision);
        for (id, node) in graph.iter() {
            let mut needed = activation_bytes(batch, node.shape, stored[id.0]);
            if node.inputs.is_empty() {
                needed = needed.max(options.input.bytes(batch, node.shape));
            }
            let limit = profile.max_binding;
            if needed > limit {
                let layer = node.name.clone();
                return Err(PlanError::TooLarge {
                    layer,
                    needed,
                    limit,
                });
            }
        }
        let kept = keep
            .iter()
            .map(|&k| place(lowered, k).ok_or(PlanError::NotKept(k.0)));
        let kept = kept.collect::<Result<Vec<_>, _>>()?;
        let wanted: Vec<NodeId> = std::iter::once(graph.output).chain(kept).collect();
        let chosen = choose::convolutions(graph, batch, profile, options)?;
        let all = chosen.iter().flatten();
        let convolutions = (all.clone().count(), all.filter(|c| c.wanted).count());
        let values = schedule::Values {
            graph,
            batch,
            wanted: &wanted,
            chosen: &chosen,
            stored: &stored,
            storage: profile.storage,
            arriving: options.arriving(batch, graph.input_shape(), profile.storage),
        };
        let schedule = schedule::schedule(&values);
        let linear = choose::linear(profile, &options.choice);
        let built = steps::build(&values, profile, options.input, linear, &schedule)?;
        let assignment = schedule.assignment;
        let input_slot = match schedule.arriving_at {
            Some(value) => assignment.slot_of[value],
            None => assignment.slot_of[0],
        };
        let output = |node: NodeId| Output {
            node,
            slot: assignment.slot_of[node.0],
            shape: graph.node(node).shape,
            scalar: stored[node.0],
        };
        let plan = Self {
            batch,
            precision: options.precision,
            input: Input {
                slot: input_slot,
                shape: graph.input_shape(),
                form: options.input,
            },
            submissions: submissions::submissions(&built.steps, profile.class),
            steps: built.steps,
            weights: built.weights,
            live_peak: assignment.live_peak,
            outputs: wanted.iter().copied().map(output).collect(),
            slots: assignment.slots,
            slot_of: assignment.slot_of,
            stored: stored.clone(),
            convolutions,
        };
        if plan.output_bytes() > profile.max_buffer {
            return Err(PlanError::TooLarge {
                layer: "the layers asked for".into(),
                needed: plan.output_bytes(),
                limit: profile.max_buffer,
            });
        }
        Ok(plan)
    }

    /// The largest batch up to `wanted` whose activations this device binds
    /// and whose outputs, `keep` among them, one buffer takes; 0 where not even
    /// one image fits.
    pub fn max_batch(
        lowered: &Lowered,
        wanted: usize,
        profile: &DeviceProfile,
        keep: &[NodeId],
        options: &PlanOptions,
    ) -> usize {
        let graph = &lowered.graph;
        let stored = stored::stored(graph, options.precision);
        let bytes = |id: NodeId| activation_bytes(1, graph.node(id).shape, stored[id.0]);
        let arriving = options.input.bytes(1, graph.input_shape());
        let values = graph.iter().map(|(id, _)| bytes(id));
        let largest = values.chain([arriving]).max();
        let kept = keep.iter().filter_map(|&k| place(lowered, k));
        let outputs = kept
            .map(bytes)
            .fold(bytes(graph.output), u64::saturating_add);
        let fit =
            |limit: u64, each: u64| usize::try_from(limit / each.max(1)).unwrap_or(usize::MAX);
        wanted
            .min(fit(profile.max_binding, largest.unwrap_or(0)))
            .min(fit(profile.max_buffer, outputs))
    }

    /// Bytes of all outputs together.
    pub fn output_bytes(&self) -> u64 {
        self.outputs.iter().map(|o| o.bytes(self.batch)).sum()
    }

    /// Bytes of all activation slots.
    pub fn activation_bytes(&self) -> u64 {
        self.slots.iter().map(|slot| slot.bytes).sum()
    }

    /// Bytes of all weight buffers.
    pub fn weight_bytes(&self) -> u64 {
        self.weights.iter().map(Weight::bytes).sum()
    }

    /// The distinct kernels and what they read and write, in order of first
    /// use: as many pipelines.
    pub fn kernels(&self) -> Vec<(&'static Kernel, Types)> {
        let mut kernels = Vec::new();
        for step in &self.steps {
            let pair = (step.kernel, step.types);
            if !kernels.contains(&pair) {
                kernels.push(pair);
            }
        }
        kernels
    }
}

#[cfg(test)]
mod tests;
