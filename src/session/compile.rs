//! Compiles a network for a device: graph, lowering, plan, and loading the plan.

use std::time::Duration;
use web_time::Instant;

use super::compiled_network::{CompiledNetwork, NetworkKey};
use super::layers::graph;
use super::runner::ReferenceRunner;
use super::{SessionOptions, SetupTimes};
use crate::error::Error;
use crate::gpu::{Engine, Gpu};
use crate::graph::{Graph, GraphError, Node, NodeId, Shape};
use crate::kernels::Scalar;
use crate::model::Model;
use crate::passes::{LoweredGraph, lower};
use crate::plan::{Plan, PlanOptions, activation_bytes};
use crate::reference::{ReferenceError, ReferenceModel};

/// Images of a run on the CPU, at most: more would only take more memory.
const MAX_CPU_BATCH: usize = 64;

/// Bytes of the largest activation of a run on the CPU, at most: several such
/// activations exist at once.
const MAX_CPU_BYTES: u64 = 512 << 20;

/// The holder of a network's weights: the GPU's engine, or a model on the CPU.
#[derive(Debug)]
pub(super) enum Backend {
    Gpu(Engine),
    Cpu(Box<ReferenceModel>),
}

impl Backend {
    /// A backend for `model`; a GPU's has no weights yet.
    pub fn new(gpu: Option<&Gpu>, model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        Ok(match gpu {
            Some(gpu) => Self::Gpu(Engine::new(gpu, options.in_flight)),
            None => {
                let size = options.size_for(model);
                let (graph, _) = graph(model, size, &[], options)?;
                // A size that memory does not hold, before weights are read.
                cpu_batch(&graph, 1)?;
                Self::Cpu(Box::new(ReferenceModel::new(&graph, model.params())?))
            }
        })
    }

    /// The GPU's engine.
    pub fn engine(&self) -> Option<&Engine> {
        match self {
            Self::Gpu(engine) => Some(engine),
            Self::Cpu(_) => None,
        }
    }

    /// Compiles `model` for `key`, and returns what that took.
    pub async fn compile(
        &self,
        model: &Model,
        key: NetworkKey,
        options: &SessionOptions,
        precision: Scalar,
    ) -> Result<(CompiledNetwork, SetupTimes), Error> {
        let began = Instant::now();
        let (graph, layers) = graph(model, key.size, &key.layers, options)?;
        let nodes: Vec<NodeId> = layers.iter().map(|(_, id)| *id).collect();
        let in_flight = options.in_flight.clamp(1, crate::gpu::MOST_IN_FLIGHT);
        match self {
            Self::Gpu(engine) => {
                let lowered = lower(&graph, model.params(), &nodes)?;
                let plan = plan(engine.gpu(), &lowered, &key, &nodes, options, precision)?;
                let planned = began.elapsed();
                let executable = engine.load(plan, &lowered.params, &options.monitor).await?;
                let (batch, times) = (executable.plan().batch, executable.load_times());
                let times = SetupTimes {
                    plan: planned,
                    pipelines: times.pipelines,
                    upload: times.upload,
                };
                let (outputs, runner) = (outputs(&graph, layers), Box::new(executable));
                let made = CompiledNetwork::new(key, graph, batch, outputs, runner, in_flight);
                Ok((made, times))
            }
            Self::Cpu(cpu) => {
                let batch = cpu_batch(&graph, key.batch)?;
                let model = cpu.resized(&graph)?;
                options.monitor.check()?;
                let runner = Box::new(ReferenceRunner {
                    model,
                    input: key.input,
                    shape: graph.input_shape(),
                    layers: nodes,
                });
                let outputs = outputs(&graph, layers);
                let made = CompiledNetwork::new(key, graph, batch, outputs, runner, 0);
                let times = SetupTimes {
                    plan: began.elapsed(),
                    pipelines: Duration::ZERO,
                    upload: Duration::ZERO,
                };
                Ok((made, times))
            }
        }
    }
}

/// The names and shapes of the layers.
fn outputs(graph: &Graph, layers: Vec<(String, NodeId)>) -> Vec<(String, Shape)> {
    let shape = |(name, id)| (name, graph.node(id).shape);
    layers.into_iter().map(shape).collect()
}

/// A plan for the largest batch that the device takes.
fn plan(
    gpu: &Gpu,
    lowered: &LoweredGraph,
    key: &NetworkKey,
    keep: &[NodeId],
    options: &SessionOptions,
    precision: Scalar,
) -> Result<Plan, Error> {
    let wanted = PlanOptions {
        choice: options.choice.clone(),
        precision,
        input: key.input,
    };
    let batch = if options.exact_batch {
        key.batch
    } else {
        // If not even one image fits, the plan for one says why.
        Plan::max_batch(lowered, key.batch, gpu.profile(), keep, &wanted).max(1)
    };
    Ok(Plan::new(lowered, batch, gpu.profile(), keep, &wanted)?)
}

/// Images of a run on the CPU: as many as wanted, or as memory takes.
fn cpu_batch(graph: &Graph, wanted: usize) -> Result<usize, Error> {
    let bytes = |node: &Node| activation_bytes(1, node.shape, Scalar::F32);
    let Some(largest) = graph.nodes.iter().max_by_key(|n| bytes(n)) else {
        return Err(GraphError::new("input", "expected a node, found none").into());
    };
    if bytes(largest) > MAX_CPU_BYTES {
        return Err(ReferenceError::TooLarge {
            node: largest.name.clone(),
            batch: 1,
            height: largest.shape.h,
            width: largest.shape.w,
            channels: largest.shape.c,
        }
        .into());
    }
    let fit = MAX_CPU_BYTES / bytes(largest).max(1);
    let most = usize::try_from(fit).unwrap_or(MAX_CPU_BATCH);
    Ok(wanted.min(most).clamp(1, MAX_CPU_BATCH))
}
