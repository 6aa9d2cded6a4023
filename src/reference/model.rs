//! A graph with its weights, ready for any number of batches.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::check::{check, check_id, elements};
use super::executor::ReferenceExecutor;
use super::layer::Layer;
use super::{ReferenceError, executor};
use crate::graph::{Graph, NodeId};
use crate::tensor::{Params, Tensor};

/// Values that a run returns; every tensor is `[N, H, W, C]`.
///
/// ```
/// use resnet_wgpu::low_level::reference;
/// use resnet_wgpu::{Model, Tensor};
///
/// let model = Model::embedded()?;
/// let graph = model.graph(32, 32)?;
/// let layer3 = graph.find("layer3").expect("the last stage of ResNet-20");
/// let images = Tensor::zeros([2, 32, 32, 3]);
/// let outputs = reference::run(&graph, model.params(), &images, &[layer3])?;
/// assert_eq!(outputs.output.shape(), [2, 1, 1, 10]);
/// assert_eq!(outputs.nodes[&layer3].shape(), [2, 8, 8, 64]);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceOutputs {
    /// The value of the graph's output.
    pub output: Tensor,
    /// The values of the requested nodes.
    pub nodes: BTreeMap<NodeId, Tensor>,
}

impl ReferenceOutputs {
    /// Returns the value of a requested node, or `None` if the node was not requested.
    pub fn get(&self, id: NodeId) -> Option<&Tensor> {
        self.nodes.get(&id)
    }
}

/// A graph whose weights have been checked and repacked for the CPU.
///
/// 1×1 convolutions and linear layers share the checkpoint's memory. The weights of larger
/// convolution kernels are copied into another order.
///
/// ```
/// use resnet_wgpu::low_level::reference::ReferenceModel;
/// use resnet_wgpu::{Model, Tensor};
///
/// let model = Model::embedded()?;
/// let reference = ReferenceModel::new(&model.graph(32, 32)?, model.params())?;
/// // Two images, NHWC, already normalised.
/// let logits = reference.run(&Tensor::zeros([2, 32, 32, 3]), &[])?.output;
/// assert_eq!(logits.shape(), [2, 1, 1, 10]);
/// // The images of a batch do not affect one another.
/// assert_eq!(logits.data()[..10], logits.data()[10..]);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
pub struct ReferenceModel {
    graph: Graph,
    layers: Arc<[Layer]>,
}

impl std::fmt::Debug for ReferenceModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nodes = self.graph.nodes.len();
        f.debug_struct("ReferenceModel")
            .field("nodes", &nodes)
            .finish()
    }
}

impl ReferenceModel {
    /// Checks the graph and its tensors, and repacks the tensors.
    ///
    /// # Errors
    /// [`ReferenceError::MissingTensor`] or [`ReferenceError::TensorShape`] for the first tensor
    /// that does not fit; [`ReferenceError::Graph`] or [`ReferenceError::TooLarge`] for a graph
    /// that is inconsistent; [`ReferenceError::NoSuchNode`] if the graph's output is not one of its
    /// nodes.
    pub fn new(graph: &Graph, params: &Params) -> Result<Self, ReferenceError> {
        check(graph)?;
        let layers = graph.nodes.iter().map(|node| Layer::new(node, params));
        Ok(Self {
            layers: layers.collect::<Result<_, _>>()?,
            graph: graph.clone(),
        })
    }

    /// Returns this network for images of another size; both models share the weights. `graph` is
    /// the graph that the network's description gives for the other size.
    ///
    /// # Errors
    /// [`ReferenceError::Graph`] for a graph that differs in more than its shapes.
    pub fn resized(&self, graph: &Graph) -> Result<Self, ReferenceError> {
        check(graph)?;
        let (own, other) = (&self.graph.nodes, &graph.nodes);
        let alike = own.len() == other.len() && own.iter().zip(other).all(|(a, b)| a.op == b.op);
        if !alike {
            let problem = "expected the same network for another size, found another network";
            return Err(ReferenceError::graph("input", problem));
        }
        Ok(Self {
            graph: graph.clone(),
            layers: Arc::clone(&self.layers),
        })
    }

    /// Returns the graph of this model.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Runs a batch on `input`, `[N, H, W, C]`. Returns the values of the output and of the nodes
    /// in `keep`. Every other value is freed when no later node needs it.
    ///
    /// # Errors
    /// [`ReferenceError::InputShape`] for an input whose shape differs from the graph's;
    /// [`ReferenceError::NoSuchNode`] for a node in `keep` that the graph does not have;
    /// [`ReferenceError::TooLarge`] for a batch that memory cannot address.
    pub fn run(&self, input: &Tensor, keep: &[NodeId]) -> Result<ReferenceOutputs, ReferenceError> {
        let mut executor = ReferenceExecutor::new(self, input)?;
        for &id in keep {
            executor.keep(id)?;
        }
        while executor.step()?.is_some() {}
        executor.into_outputs(keep)
    }

    /// Runs a batch and returns the output. For each node in execution order, calls `visit` with
    /// the node's id, the values of its inputs and its own value. The memory is bounded as in
    /// [`run`](Self::run). For values that must outlive their last reader in the graph, use a
    /// [`ReferenceExecutor`].
    ///
    /// # Errors
    /// As [`run`](Self::run), and any error of `visit`, which ends the run.
    pub fn run_visit<E: From<ReferenceError>>(
        &self,
        input: &Tensor,
        mut visit: impl FnMut(NodeId, &[&Tensor], &Tensor) -> Result<(), E>,
    ) -> Result<Tensor, E> {
        let mut executor = ReferenceExecutor::new(self, input)?;
        while let Some(id) = executor.step()? {
            let inputs = executor.inputs(id)?;
            visit(
                id,
                &inputs,
                executor::needed(&self.graph, id, executor.value(id))?,
            )?;
        }
        Ok(executor.into_outputs(&[])?.output)
    }

    /// Runs a batch and returns the value of every node, by index.
    ///
    /// All values are in memory at the same time. For ResNet-50 at 224², they take about 150 MB for
    /// each image.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_all(&self, input: &Tensor) -> Result<Vec<Tensor>, ReferenceError> {
        let mut executor = ReferenceExecutor::new(self, input)?;
        for (id, _) in self.graph.iter() {
            executor.keep(id)?;
        }
        while executor.step()?.is_some() {}
        Ok(executor.into_values())
    }

    /// Computes one node from given values of its inputs. Each value is `[N, H, W, C]`, with one N
    /// for all. The input node takes the network's input and returns it.
    ///
    /// # Errors
    /// [`ReferenceError::NoSuchNode`]; [`ReferenceError::InputShape`] for an input whose shape does
    /// not fit; [`ReferenceError::Graph`] for a wrong number of inputs;
    /// [`ReferenceError::TooLarge`].
    pub fn run_node(&self, id: NodeId, inputs: &[&Tensor]) -> Result<Tensor, ReferenceError> {
        check_id(&self.graph, id)?;
        let node = self.graph.node(id);
        let own = [id];
        let sources = match id.0 {
            0 => &own[..],
            _ => &node.inputs[..],
        };
        if sources.len() != inputs.len() {
            let (expected, found) = (sources.len(), inputs.len());
            let problem = format!("expected {expected} inputs, found {found}");
            return Err(ReferenceError::graph(&node.name, problem));
        }
        // The first input determines the batch size of all inputs.
        let batch = inputs.first().and_then(|x| x.shape().first()).copied();
        for (&source, input) in sources.iter().zip(inputs) {
            let s = self.graph.node(source).shape;
            let batch = batch.filter(|&n| n > 0);
            if batch.is_none_or(|n| *input.shape() != [n, s.h, s.w, s.c]) {
                return Err(ReferenceError::InputShape {
                    node: node.name.clone(),
                    expected: [s.h, s.w, s.c],
                    found: input.shape().to_vec(),
                });
            }
        }
        let batch = batch.unwrap_or(1);
        elements(node, batch)?;
        let shape = [batch, node.shape.h, node.shape.w, node.shape.c];
        Ok(self.layers[id.0].run(inputs, shape))
    }
}
