//! Turns each node of the lowered graph into dispatches.

use super::traffic::traffic;
use super::{Binding, Choice, DeviceProfile, PlanError, Step, Weight, activation_bytes, choose};
use crate::graph::{Conv2d, Graph, Linear, Node, NodeId, Op};
use crate::kernels::{
    ConvProblem, Dispatch, ElementwiseProblem, Family, GlobalPoolProblem, Kernel, LinearProblem,
    Packing, PoolProblem, ShortcutProblem, SoftmaxProblem, grid,
};
use crate::tensor::quads;

/// Steps and the weights that they read.
pub(super) struct Built {
    pub steps: Vec<Step>,
    pub weights: Vec<Weight>,
}

pub(super) fn build(
    graph: &Graph,
    order: &[usize],
    batch: usize,
    profile: &DeviceProfile,
    choice: &Choice,
    slot_of: &[usize],
) -> Result<Built, PlanError> {
    let mut builder = Builder {
        graph,
        batch,
        profile,
        choice,
        slot_of,
        steps: vec![],
        weights: vec![],
    };
    for &id in order {
        builder.node(NodeId(id), graph.node(NodeId(id)))?;
    }
    Ok(Built {
        steps: builder.steps,
        weights: builder.weights,
    })
}

struct Builder<'a> {
    graph: &'a Graph,
    batch: usize,
    profile: &'a DeviceProfile,
    choice: &'a Choice,
    slot_of: &'a [usize],
    steps: Vec<Step>,
    weights: Vec<Weight>,
}

impl Builder<'_> {
    fn node(&mut self, id: NodeId, node: &Node) -> Result<(), PlanError> {
        let batch = self.batch;
        let input = node.inputs.first().map(|&i| self.graph.node(i).shape);
        let Some(input) = input else {
            return Ok(()); // the input itself
        };
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
                let kernel = self.kernel(node, Family::MaxPool)?;
                self.push(id, node, kernel, reads, pool(*window).dispatch(kernel))
            }
            Op::AvgPool(window) => {
                let kernel = self.kernel(node, Family::AvgPool)?;
                self.push(id, node, kernel, reads, pool(*window).dispatch(kernel))
            }
            Op::GlobalAvgPool => {
                let kernel = self.kernel(node, Family::GlobalAvgPool)?;
                let problem = GlobalPoolProblem { batch, input };
                self.push(id, node, kernel, reads, problem.dispatch(kernel))
            }
            Op::Add => {
                let kernel = self.kernel(node, Family::Add)?;
                self.push(id, node, kernel, reads, elementwise(false).dispatch(kernel))
            }
            Op::Relu => {
                let kernel = self.kernel(node, Family::Relu)?;
                self.push(id, node, kernel, reads, elementwise(true).dispatch(kernel))
            }
            Op::ScaleShift { scale, shift, relu } => {
                let kernel = self.kernel(node, Family::ScaleShift)?;
                let packing = Packing::Vector {
                    first: 0,
                    count: output.c,
                    quads: quads(output.c),
                };
                let mut reads = reads;
                for name in [scale, shift] {
                    reads.push(self.weight(node, Some(name), packing)?);
                }
                self.push(id, node, kernel, reads, elementwise(*relu).dispatch(kernel))
            }
            Op::ShortcutA { stride, before } => {
                let kernel = self.kernel(node, Family::ShortcutA)?;
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
                let kernel = self.kernel(node, Family::Softmax)?;
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

    /// Input, weight, bias, and the residual: where there is none the input
    /// is bound in its place, and the kernel does not read it.
    fn fused_reads(&self, node: &Node, weight: Binding, bias: Binding) -> Vec<Binding> {
        let slots = self.slots(node);
        let x = slots[0];
        vec![x, weight, bias, slots.get(1).copied().unwrap_or(x)]
    }

    fn conv(&mut self, id: NodeId, node: &Node, conv: &Conv2d) -> Result<(), PlanError> {
        let problem = ConvProblem {
            batch: self.batch,
            input: self.graph.node(node.inputs[0]).shape,
            output: node.shape,
            window: conv.window,
            groups: conv.groups,
            residual: conv.epilogue.residual,
            relu: conv.epilogue.relu,
            points: 1,
        };
        let kernel = choose::conv(&problem, self.profile, self.choice)
            .ok_or_else(|| self.no_kernel(node))?;
        let weight = self.weight(node, Some(&conv.weight), problem.weight_packing(kernel))?;
        let bias = self.weight(node, conv.bias.as_deref(), problem.bias_packing(kernel))?;
        let reads = self.fused_reads(node, weight, bias);
        self.push(id, node, kernel, reads, problem.dispatch(kernel))
    }

    fn linear(&mut self, id: NodeId, node: &Node, linear: &Linear) -> Result<(), PlanError> {
        let problem = LinearProblem {
            batch: self.batch,
            inputs: linear.in_features,
            outputs: linear.out_features,
            residual: linear.epilogue.residual,
            relu: linear.epilogue.relu,
        };
        let kernel = self.kernel(node, Family::Linear)?;
        let limit = self.profile.max_binding;
        let chunks = problem
            .chunks(kernel, limit)
            .ok_or_else(|| PlanError::WeightTooLarge {
                layer: node.name.clone(),
                needed: (linear.in_features * 16) as u64,
                limit,
            })?;
        for chunk in chunks {
            let packing = problem.weight_packing(kernel, chunk);
            let weight = self.weight(node, Some(&linear.weight), packing)?;
            let packing = problem.bias_packing(kernel, chunk);
            let bias = self.weight(node, linear.bias.as_deref(), packing)?;
            let reads = self.fused_reads(node, weight, bias);
            self.push(id, node, kernel, reads, problem.dispatch(kernel, chunk))?;
            // A chunk does its part of the layer only.
            if let Some(step) = self.steps.last_mut() {
                let all = quads(linear.out_features) as u64;
                let part = chunk.quads as u64;
                step.macs = step.macs * part / all;
                let output = activation_bytes(self.batch, node.shape);
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

    fn kernel(&self, node: &Node, family: Family) -> Result<&'static Kernel, PlanError> {
        choose::any(family, self.profile).ok_or_else(|| self.no_kernel(node))
    }

    fn weight(
        &mut self,
        node: &Node,
        tensor: Option<&str>,
        packing: Packing,
    ) -> Result<Binding, PlanError> {
        let weight = Weight {
            tensor: tensor.map(str::to_owned),
            packing,
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
        let bytes = traffic(self.graph, node, self.batch) + weights.sum::<u64>();
        self.steps.push(Step {
            node: id,
            name: layer_name(node),
            inputs: node.inputs.iter().map(|i| self.slot_of[i.0]).collect(),
            kernel,
            reads,
            writes: self.slot_of[id.0],
            params: dispatch.params,
            grid,
            output: node.shape,
            macs: self.graph.cost(id).macs * self.batch as u64,
            bytes,
        });
        Ok(())
    }
}

/// A fused node goes by its convolution's name, the one that people know.
fn layer_name(node: &Node) -> String {
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
