//! Step-by-step execution of a graph, which holds only the values that are still needed.

use std::collections::BTreeMap;

use super::check::check_id;
use super::{ReferenceError, ReferenceModel, ReferenceOutputs};
use crate::graph::{Graph, NodeId};
use crate::tensor::Tensor;

/// A run of a [`ReferenceModel`] on one batch, one node for each step.
///
/// After a step, the values of the node and of its inputs can be inspected. A value is freed at the
/// beginning of the next step unless a later node, [`keep`](Self::keep) or [`hold`](Self::hold)
/// needs it.
///
/// `resnet verify` holds the inputs of a fused kernel until the last of the nodes that were fused
/// into the kernel has run.
///
/// ```
/// use resnet_wgpu::{Model, Tensor};
/// use resnet_wgpu::low_level::reference::{ReferenceModel, ReferenceExecutor};
///
/// let model = Model::embedded()?;
/// let reference = ReferenceModel::new(&model.graph(32, 32)?, model.params())?;
/// let mut run = ReferenceExecutor::new(&reference, &Tensor::zeros([1, 32, 32, 3]))?;
/// while let Some(id) = run.step()? {
///     let node = reference.graph().node(id);
///     let value = run.value(id).expect("it has just been computed");
///     assert_eq!(value.shape(), [1, node.shape.h, node.shape.w, node.shape.c]);
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug)]
pub struct ReferenceExecutor<'m> {
    model: &'m ReferenceModel,
    /// Values by node index; `None` before a value is computed and after it is freed.
    values: Vec<Option<Tensor>>,
    /// For each value, the index of the last node after which the value is still needed.
    until: Vec<usize>,
    /// Indices of the nodes whose values are in memory.
    live: Vec<usize>,
    /// Index of the node that the next step computes.
    next: usize,
}

impl<'m> ReferenceExecutor<'m> {
    /// Begins a run on a copy of `input`, `[N, H, W, C]`.
    ///
    /// # Errors
    /// [`ReferenceError::InputShape`] for an input whose shape differs from the graph's.
    pub fn new(model: &'m ReferenceModel, input: &Tensor) -> Result<Self, ReferenceError> {
        let graph = model.graph();
        let mut until: Vec<usize> = (0..graph.nodes.len()).collect();
        for (id, node) in graph.iter() {
            for input in &node.inputs {
                until[input.0] = until[input.0].max(id.0);
            }
        }
        until[graph.output.0] = usize::MAX;
        let mut values: Vec<Option<Tensor>> = graph.nodes.iter().map(|_| None).collect();
        values[0] = Some(model.run_node(NodeId(0), &[input])?);
        Ok(Self {
            model,
            values,
            until,
            live: vec![0],
            next: 0,
        })
    }

    /// Keeps a node's value until the end of the run.
    ///
    /// # Errors
    /// [`ReferenceError::NoSuchNode`].
    pub fn keep(&mut self, id: NodeId) -> Result<(), ReferenceError> {
        check_id(self.model.graph(), id)?;
        self.until[id.0] = usize::MAX;
        Ok(())
    }

    /// Keeps a node's value at least until node `until` has been computed and inspected. Call this
    /// method before the node's value is freed, ideally before the first step.
    ///
    /// # Errors
    /// [`ReferenceError::NoSuchNode`].
    pub fn hold(&mut self, id: NodeId, until: NodeId) -> Result<(), ReferenceError> {
        check_id(self.model.graph(), id)?;
        check_id(self.model.graph(), until)?;
        self.until[id.0] = self.until[id.0].max(until.0);
        Ok(())
    }

    /// Computes the next node and returns its id, beginning with the input. Returns `None` after
    /// all nodes have been computed.
    ///
    /// # Errors
    /// [`ReferenceError::TooLarge`].
    pub fn step(&mut self) -> Result<Option<NodeId>, ReferenceError> {
        let graph = self.model.graph();
        if self.next == graph.nodes.len() {
            return Ok(None);
        }
        let id = NodeId(self.next);
        let (values, until) = (&mut self.values, &self.until);
        self.live.retain(|&i| {
            let needed = until[i] >= id.0;
            if !needed {
                values[i] = None;
            }
            needed
        });
        if id.0 > 0 {
            let value = self.model.run_node(id, &self.inputs(id)?)?;
            self.values[id.0] = Some(value);
            self.live.push(id.0);
        }
        self.next += 1;
        Ok(Some(id))
    }

    /// Returns a node's value, `[N, H, W, C]`, or `None` if the value is not in memory.
    pub fn value(&self, id: NodeId) -> Option<&Tensor> {
        self.values.get(id.0)?.as_ref()
    }

    /// Returns the values of a node's inputs, which must be in memory.
    pub(super) fn inputs(&self, id: NodeId) -> Result<Vec<&Tensor>, ReferenceError> {
        let graph = self.model.graph();
        let inputs = graph.node(id).inputs.iter();
        inputs.map(|&i| needed(graph, i, self.value(i))).collect()
    }

    /// Returns the output and the nodes in `keep`, after the last step.
    pub(super) fn into_outputs(
        mut self,
        keep: &[NodeId],
    ) -> Result<ReferenceOutputs, ReferenceError> {
        let graph = self.model.graph();
        let mut nodes = BTreeMap::new();
        for &id in keep {
            if let Some(value) = self.values[id.0].take() {
                nodes.insert(id, value);
            }
        }
        let output = match nodes.get(&graph.output) {
            Some(outputs) => Some(outputs.clone()),
            None => self.values[graph.output.0].take(),
        };
        Ok(ReferenceOutputs {
            output: needed(graph, graph.output, output)?,
            nodes,
        })
    }

    /// Returns the values that are in memory, in execution order.
    pub(super) fn into_values(self) -> Vec<Tensor> {
        self.values.into_iter().flatten().collect()
    }
}

/// Returns a value that must be in memory according to the run's bookkeeping.
pub(super) fn needed<T>(graph: &Graph, id: NodeId, value: Option<T>) -> Result<T, ReferenceError> {
    value.ok_or_else(|| {
        let name = &graph.node(id).name;
        ReferenceError::graph(
            name,
            "expected its value to be in memory, found it not computed or freed",
        )
    })
}
