//! Converts each node of the lowered graph into dispatches.

mod conv;
mod loop_limit;

use super::schedule::{Schedule, Values};
use super::selection;
use super::traffic::traffic;
use super::{Binding, DeviceProfile, PlanError, Step, Weight, activation_bytes};
use crate::graph::{Linear, Node, NodeId, Op};
use crate::kernels::{
    Dispatch, ElementwiseProblem, GlobalPoolProblem, IngestProblem, InputForm, Kernel,
    KernelFamily, KernelOutputs, LinearProblem, Packing, PoolProblem, Scalar, ScalarTypes,
    ShortcutProblem, SoftmaxProblem, find, grid,
};
use crate::tensor::quads;

/// Steps, and the weights that they read.
pub(super) struct Steps {
    pub steps: Vec<Step>,
    pub weights: Vec<Weight>,
}

pub(super) fn build(
    values: &Values,
    profile: &DeviceProfile,
    form: InputForm,
    linear: Option<&'static Kernel>,
    schedule: &Schedule,
) -> Result<Steps, PlanError> {
    let mut builder = StepBuilder {
        values,
        profile,
        linear,
        slot_of: &schedule.assignment.slot_of,
        scratch_at: &schedule.scratch_at,
        steps: vec![],
        weights: vec![],
    };
    if let Some(from) = schedule.arriving_at {
        builder.ingest(form, schedule.assignment.slot_of[from])?;
    }
    for id in schedule.order.iter().copied().map(NodeId) {
        if values.fused_norms.maker(id).is_none() {
            builder.node(id, values.graph.node(id))?;
        }
    }
    Ok(Steps {
        steps: builder.steps,
        weights: builder.weights,
    })
}

struct StepBuilder<'a> {
    values: &'a Values<'a>,
    profile: &'a DeviceProfile,
    /// The kernel for fully connected layers.
    linear: Option<&'static Kernel>,
    slot_of: &'a [usize],
    scratch_at: &'a [usize],
    steps: Vec<Step>,
    weights: Vec<Weight>,
}

impl StepBuilder<'_> {
    /// Adds the step that converts the incoming images, in slot `from`, to their stored form.
    fn ingest(&mut self, form: InputForm, from: usize) -> Result<(), PlanError> {
        let id = NodeId(0);
        let (batch, node) = (self.values.batch, self.values.graph.node(id));
        let name = match form {
            InputForm::F32 => "ingest.f32",
            InputForm::Rgb8 { .. } => "ingest.rgb8",
        };
        let kernel = find(name).filter(|k| self.profile.runs(k));
        let kernel = kernel.ok_or_else(|| self.no_kernel(node))?;
        let problem = IngestProblem {
            batch,
            shape: node.shape,
            form,
        };
        let reads = vec![Binding::Slot(from)];
        self.push(id, node, kernel, reads, problem.dispatch(kernel))?;
        if let Some(step) = self.steps.last_mut() {
            step.types.reads = Scalar::F32;
            step.inputs = vec![from];
            step.bytes += form.bytes(batch, node.shape);
        }
        Ok(())
    }

    fn node(&mut self, id: NodeId, node: &Node) -> Result<(), PlanError> {
        let batch = self.values.batch;
        let input = node
            .inputs
            .first()
            .map(|&i| self.values.graph.node(i).shape);
        let Some(input) = input else {
            return Ok(()); // the input itself
        };
        loop_limit::check(node, input)?;
        let output = node.shape;
        let reads = self.slots(node);
        let elementwise = |relu| ElementwiseProblem {
            batch,
            shape: output,
            relu,
        };
        let pool = |window| PoolProblem {
            batch,
            input,
            output,
            window,
        };
        match &node.op {
            Op::Conv2d(conv) => self.conv(id, node, conv),
            Op::Linear(linear) => self.linear(id, node, linear),
            Op::MaxPool(window) => {
                let kernel = self.kernel(node, KernelFamily::MaxPool)?;
                self.push(id, node, kernel, reads, pool(*window).dispatch(kernel))
            }
            Op::AvgPool(window) => {
                let kernel = self.kernel(node, KernelFamily::AvgPool)?;
                self.push(id, node, kernel, reads, pool(*window).dispatch(kernel))
            }
            Op::GlobalAvgPool => {
                let kernel = self.kernel(node, KernelFamily::GlobalAvgPool)?;
                let problem = GlobalPoolProblem { batch, input };
                self.push(id, node, kernel, reads, problem.dispatch(kernel))
            }
            Op::Add => {
                let kernel = self.kernel(node, KernelFamily::Add)?;
                self.push(id, node, kernel, reads, elementwise(false).dispatch(kernel))
            }
            Op::Relu => {
                let kernel = self.kernel(node, KernelFamily::Relu)?;
                self.push(id, node, kernel, reads, elementwise(true).dispatch(kernel))
            }
            Op::ScaleShift { scale, shift, relu } => {
                let kernel = self.kernel(node, KernelFamily::ScaleShift)?;
                let mut reads = reads;
                reads.extend(self.vectors(node, [scale, shift])?);
                self.push(id, node, kernel, reads, elementwise(*relu).dispatch(kernel))
            }
            Op::ShortcutA { stride, before } => {
                let kernel = self.kernel(node, KernelFamily::ShortcutA)?;
                let problem = ShortcutProblem {
                    batch,
                    input,
                    output,
                    stride: *stride,
                    before: *before,
                };
                self.push(id, node, kernel, reads, problem.dispatch(kernel))
            }
            Op::Softmax => {
                let kernel = self.kernel(node, KernelFamily::Softmax)?;
                let problem = SoftmaxProblem {
                    batch,
                    shape: output,
                };
                self.push(id, node, kernel, reads, problem.dispatch())
            }
            Op::Input | Op::BatchNorm(_) | Op::Flatten => Err(PlanError::Unsupported {
                layer: node.name.clone(),
                op: node.op.kind(),
            }),
        }
    }

    fn slots(&self, node: &Node) -> Vec<Binding> {
        (node.inputs.iter())
            .map(|i| Binding::Slot(self.slot_of[i.0]))
            .collect()
    }

    /// Returns the bindings of a fused kernel: input, weight, bias and residual. Without a residual
    /// the input is bound in its place, and the kernel does not read it.
    fn fused_reads(&self, node: &Node, weight: Binding, bias: Binding) -> Vec<Binding> {
        let slots = self.slots(node);
        let x = slots[0];
        vec![x, weight, bias, slots.get(1).copied().unwrap_or(x)]
    }

    /// Adds the two weight vectors of a node, one number for each channel.
    fn vectors(&mut self, node: &Node, tensors: [&String; 2]) -> Result<[Binding; 2], PlanError> {
        let packing = Packing::Vector {
            first: 0,
            count: node.shape.c,
            quads: quads(node.shape.c),
        };
        let [scale, shift] =
            tensors.map(|name| self.weight(node, Some(name), packing, Scalar::F32));
        Ok([scale?, shift?])
    }

    fn linear(&mut self, id: NodeId, node: &Node, linear: &Linear) -> Result<(), PlanError> {
        let problem = LinearProblem {
            batch: self.values.batch,
            inputs: linear.in_features,
            outputs: linear.out_features,
            residual: linear.epilogue.residual,
            relu: linear.epilogue.relu,
        };
        let kernel = self.linear.ok_or_else(|| self.no_kernel(node))?;
        let limit = self.profile.max_binding;
        let scalar = self.values.stored[node.inputs[0].0];
        let chunks =
            problem
                .chunks(kernel, scalar, limit)
                .ok_or_else(|| PlanError::WeightTooLarge {
                    layer: node.name.clone(),
                    needed: (linear.in_features * scalar.quad_bytes()) as u64,
                    limit,
                })?;
        for chunk in chunks {
            let packing = problem.weight_packing(kernel, chunk);
            let weight = self.weight(node, Some(&linear.weight), packing, scalar)?;
            let packing = problem.bias_packing(kernel, chunk);
            let bias = self.weight(node, linear.bias.as_deref(), packing, Scalar::F32)?;
            let reads = self.fused_reads(node, weight, bias);
            self.push(id, node, kernel, reads, problem.dispatch(kernel, chunk))?;
            // A chunk computes only its part of the layer.
            if let Some(step) = self.steps.last_mut() {
                let all = quads(linear.out_features) as u64;
                let part = chunk.quads as u64;
                step.macs = step.macs * part / all;
                let output =
                    activation_bytes(self.values.batch, node.shape, self.values.stored[id.0]);
                step.bytes -= output - output * part / all;
            }
        }
        Ok(())
    }

    fn no_kernel(&self, node: &Node) -> PlanError {
        PlanError::NoKernel {
            layer: node.name.clone(),
            op: node.op.kind(),
            limits: self.profile.limits(),
        }
    }

    fn kernel(&self, node: &Node, family: KernelFamily) -> Result<&'static Kernel, PlanError> {
        selection::any(family, self.profile).ok_or_else(|| self.no_kernel(node))
    }

    fn weight(
        &mut self,
        node: &Node,
        tensor: Option<&str>,
        packing: Packing,
        scalar: Scalar,
    ) -> Result<Binding, PlanError> {
        let weight = Weight {
            tensor: tensor.map(str::to_owned),
            packing,
            scalar,
        };
        if weight.bytes() > self.profile.max_binding {
            return Err(PlanError::WeightTooLarge {
                layer: node.name.clone(),
                needed: weight.bytes(),
                limit: self.profile.max_binding,
            });
        }
        self.weights.push(weight);
        Ok(Binding::Weight(self.weights.len() - 1))
    }

    fn push(
        &mut self,
        id: NodeId,
        node: &Node,
        kernel: &'static Kernel,
        reads: Vec<Binding>,
        dispatch: Dispatch,
    ) -> Result<(), PlanError> {
        let limit = self.profile.max_workgroups;
        let grid =
            grid(dispatch.workgroups, limit).ok_or_else(|| PlanError::TooManyWorkgroups {
                layer: node.name.clone(),
                needed: dispatch.workgroups,
                limit,
            })?;
        let weights = reads.iter().filter_map(|read| match read {
            Binding::Weight(weight) => Some(self.weights[*weight].bytes()),
            Binding::Slot(_) => None,
        });
        let v = self.values;
        let activations = traffic(v.graph, v.stored, id, v.batch);
        let writes = v.stored[id.0];
        let reads_in = node
            .inputs
            .first()
            .map_or(writes, |input| v.stored[input.0]);
        let bytes = activations.iter().sum::<u64>() + weights.sum::<u64>();
        self.steps.push(Step {
            node: id,
            name: layer_name(node),
            candidate: kernel.name,
            inputs: node.inputs.iter().map(|i| self.slot_of[i.0]).collect(),
            kernel,
            types: ScalarTypes::new(reads_in, writes),
            outputs: KernelOutputs::Sum,
            fused_norm: None,
            reads,
            writes: vec![self.slot_of[id.0]],
            params: dispatch.params,
            grid,
            output: node.shape,
            macs: v.graph.cost(id).macs * v.batch as u64,
            bytes,
        });
        Ok(())
    }
}

/// Returns the distinct slots that a step reads.
fn slots_of(reads: &[Binding]) -> Vec<usize> {
    let mut slots = vec![];
    for read in reads {
        if let Binding::Slot(slot) = read
            && !slots.contains(slot)
        {
            slots.push(*slot);
        }
    }
    slots
}

/// Returns the name of a node's layer. A fused node has the name of its convolution or fully
/// connected layer, which is the name that users know.
pub(super) fn layer_name(node: &Node) -> String {
    let weight = match &node.op {
        Op::Conv2d(conv) => &conv.weight,
        Op::Linear(linear) => &linear.weight,
        _ => return node.name.clone(),
    };
    weight
        .strip_suffix(".weight")
        .unwrap_or(&node.name)
        .to_owned()
}
