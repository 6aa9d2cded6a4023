//! The plan of a network: every decision about a run that can be made before a GPU is used.
//!
//! A plan holds the order of execution, the kernels, the dispatch geometry, the weights with their
//! packing, and the activation slots. Slots are assigned by liveness. A plan is pure data, so it
//! can be printed and checked by snapshot tests.

mod bytes;
pub(crate) mod candidates;
mod class;
mod cost;
pub(crate) mod data;
mod error;
mod fused_norms;
mod kernel_choice;
mod options;
pub(crate) mod parts;
mod precision;
mod print;
mod profile;
mod scalars;
mod schedule;
mod selection;
mod slots;
mod steps;
mod submissions;
mod traffic;
pub(crate) mod winners;

pub use bytes::activation_bytes;
pub use candidates::ConvShape;
pub(crate) use candidates::{candidates, conv_shapes, selected_candidate};
pub use class::{DeviceClass, Vendor};
pub use data::Plan;
pub(crate) use data::PlanData;
pub use error::PlanError;
pub use kernel_choice::KernelChoice;
pub use options::PlanOptions;
pub(crate) use parts::{Binding, PlanInput, PlanOutput, Slot, Step, Weight};
pub use precision::{Precision, ResolvedPrecision};
pub use profile::DeviceProfile;

use crate::graph::NodeId;
use crate::kernels::KernelVariant;
use crate::passes::LoweredGraph;

#[doc(inline)]
pub use crate::kernels::{Candidate, Scalar, Storage, candidate};

/// Returns the node of the lowered graph that computes the node `original` of the original graph.
/// Returns `None` if the passes absorbed that node, which they never do with a kept node.
fn lowered_node(lowered: &LoweredGraph, original: NodeId) -> Option<NodeId> {
    let at = lowered.origin.iter().position(|&o| o == original);
    at.map(NodeId)
}

impl Plan {
    /// Plans runs of `batch` images on a device with the given profile.
    ///
    /// `keep` lists nodes of the original graph whose values are outputs in addition to the result.
    /// `lowered` must have been made with the same list.
    ///
    /// # Errors
    /// [`PlanError`] if the options, the batch or a layer do not fit the device or the network, or
    /// if `lowered` was made without a node of `keep`.
    pub fn new(
        lowered: &LoweredGraph,
        batch: usize,
        profile: &DeviceProfile,
        keep: &[NodeId],
        options: &PlanOptions,
    ) -> Result<Self, PlanError> {
        let graph = &lowered.graph;
        let profile = &profile.countable();
        options.check(graph, profile)?;
        if batch == 0 {
            return Err(PlanError::EmptyBatch);
        }
        let stored = scalars::scalars(graph, options.precision);
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
            .map(|&k| lowered_node(lowered, k).ok_or(PlanError::NotKept(k.0)));
        let kept = kept.collect::<Result<Vec<_>, _>>()?;
        let wanted: Vec<NodeId> = std::iter::once(graph.output).chain(kept).collect();
        let selections = selection::convolutions(graph, batch, profile, options)?;
        let all = selections.iter().flatten();
        let convolutions = (all.clone().count(), all.filter(|c| c.wanted).count());
        let fused_norms = fused_norms::FusedNorms::new(graph, &wanted, &selections, profile);
        let values = schedule::Values {
            graph,
            batch,
            wanted: &wanted,
            selections: &selections,
            fused_norms: &fused_norms,
            stored: &stored,
            storage: profile.storage,
            arriving: options.arriving(batch, graph.input_shape(), profile.storage),
        };
        let schedule = schedule::schedule(&values);
        let linear = selection::linear(profile, &options.choice);
        let built = steps::build(&values, profile, options.input, linear, &schedule)?;
        let assignment = schedule.assignment;
        let input_slot = match schedule.arriving_at {
            Some(value) => assignment.slot_of[value],
            None => assignment.slot_of[0],
        };
        let output = |node: NodeId| PlanOutput {
            node,
            slot: assignment.slot_of[node.0],
            shape: graph.node(node).shape,
            scalar: stored[node.0],
        };
        let plan = Self::of(PlanData {
            batch,
            precision: options.precision,
            input: PlanInput {
                slot: input_slot,
                shape: graph.input_shape(),
                form: options.input,
            },
            submissions: submissions::cut(&built.steps, submissions::most(profile.class)),
            steps: built.steps,
            weights: built.weights,
            live_peak: assignment.live_peak,
            outputs: wanted.iter().copied().map(output).collect(),
            slots: assignment.slots,
            slot_of: assignment.slot_of,
            made_by: fused_norms.made_by(),
            stored: stored.clone(),
            convolutions,
        });
        if plan.output_bytes() > profile.max_buffer {
            return Err(PlanError::TooLarge {
                layer: "the layers asked for".into(),
                needed: plan.output_bytes(),
                limit: profile.max_buffer,
            });
        }
        Ok(plan)
    }

    /// Returns the largest batch, at most `wanted`, that fits the device. Every activation must fit
    /// a binding, and all outputs, including `keep`, must fit one buffer. Returns 0 if not even one
    /// image fits.
    pub fn max_batch(
        lowered: &LoweredGraph,
        wanted: usize,
        profile: &DeviceProfile,
        keep: &[NodeId],
        options: &PlanOptions,
    ) -> usize {
        let (graph, profile) = (&lowered.graph, &profile.countable());
        let stored = scalars::scalars(graph, options.precision);
        let bytes = |id: NodeId| activation_bytes(1, graph.node(id).shape, stored[id.0]);
        let arriving = options.input.bytes(1, graph.input_shape());
        let values = graph.iter().map(|(id, _)| bytes(id));
        let largest = values.chain([arriving]).max();
        let kept = keep.iter().filter_map(|&k| lowered_node(lowered, k));
        let outputs = kept
            .map(bytes)
            .fold(bytes(graph.output), u64::saturating_add);
        let fit =
            |limit: u64, each: u64| usize::try_from(limit / each.max(1)).unwrap_or(usize::MAX);
        wanted
            .min(fit(profile.max_binding, largest.unwrap_or(0)))
            .min(fit(profile.max_buffer, outputs))
    }

    /// Splits the plan into submissions of at most `macs` multiply-accumulates each. A single step
    /// with more work becomes a submission of its own. Short submissions let other users of the
    /// device run in between.
    pub fn in_submissions(mut self, macs: u64) -> Self {
        let cut = submissions::cut(&self.steps, macs);
        self.data_mut().submissions = cut;
        self
    }

    /// Returns the plan with the result as its only output.
    pub(crate) fn result_only(mut self) -> Self {
        self.data_mut().outputs.truncate(1);
        self
    }

    /// Returns the size of all outputs together in bytes.
    pub fn output_bytes(&self) -> u64 {
        self.outputs.iter().map(|o| o.bytes(self.batch)).sum()
    }

    /// Returns the size of all activation slots together in bytes.
    pub fn activation_bytes(&self) -> u64 {
        self.slots.iter().map(|slot| slot.bytes).sum()
    }

    /// Returns the size of all weight buffers together in bytes.
    pub fn weight_bytes(&self) -> u64 {
        self.weights.iter().map(Weight::bytes).sum()
    }

    /// Returns the distinct kernels in order of first use, each with its input types, output types
    /// and outputs. The device compiles one pipeline for each.
    pub fn kernels(&self) -> Vec<KernelVariant> {
        let mut kernels = Vec::new();
        for variant in self.steps.iter().map(Step::variant) {
            if !kernels.contains(&variant) {
                kernels.push(variant);
            }
        }
        kernels
    }
}

#[cfg(test)]
mod tests;
