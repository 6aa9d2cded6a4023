//! Steps through a graph node by node and holds the values that are still
//! needed.

use std::collections::BTreeMap;

use super::check::check_id;
use super::{CpuError, CpuModel, Kept};
use crate::graph::{Graph, NodeId};
use crate::tensor::Tensor;

/// A run of a [`CpuModel`] on one batch, one node a step.
///
/// After a step, the values of the node and of its inputs are there to be
/// looked at; a value is freed at the beginning of the next step unless a
/// later node, [`keep`](Self::keep) or [`hold`](Self::hold) needs it.
///
/// `resnet verify` holds the inputs of a fused kernel until the last of the
/// nodes that were fused into it has run.
///
/// ```
/// use resnet_wgpu::{Model, Tensor};
/// use resnet_wgpu::low_level::cpu::{CpuModel, Executor};
///
/// let model = Model::embedded()?;
/// let twin = CpuModel::new(&model.graph(32, 32)?, model.params())?;
/// let mut run = Executor::new(&twin, &Tensor::zeros([1, 32, 32, 3]))?;
/// while let Some(id) = run.step()? {
///     let node = twin.graph().node(id);
///     let value = run.value(id).expect("it has just been computed");
///     assert_eq!(value.shape(), [1, node.shape.h, node.shape.w, node.shape.c]);
/// }
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug)]
pub struct Executor<'m> {
    model: &'m CpuModel,
    /// By node; `None` before it is computed and after it is freed.
    values: Vec<Option<Tensor>>,
    /// The last node, by index, after which each value is still needed.
    until: Vec<usize>,
    /// Nodes whose value is there.
    live: Vec<usize>,
    /// The node that the next step computes.
    next: usize,
}

impl<'m> Executor<'m> {
    /// Begins a run; `input` is `[N, H, W, C]`, and is copied.
    ///
    /// # Errors
    /// [`CpuError::InputShape`] for an input that is not the graph's.
    pub fn new(model: &'m CpuModel, input: &Tensor) -> Result<Self, CpuError> {
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

    /// Keeps a node's value to the end of the run.
    ///
    /// # Errors
    /// [`CpuError::NoSuchNode`].
    pub fn keep(&mut self, id: NodeId) -> Result<(), CpuError> {
        check_id(self.model.graph(), id)?;
        self.until[id.0] = usize::MAX;
        Ok(())
    }

    /// Keeps a node's value until node `until` has been computed and looked
    /// at, at least. Call it before the node's value is freed: best before
    /// the first step.
    ///
    /// # Errors
    /// [`CpuError::NoSuchNode`].
    pub fn hold(&mut self, id: NodeId, until: NodeId) -> Result<(), CpuError> {
        check_id(self.model.graph(), id)?;
        check_id(self.model.graph(), until)?;
        self.until[id.0] = self.until[id.0].max(until.0);
        Ok(())
    }

    /// Computes the next node and says which it was (the input is the
    /// first); `None` once all have been.
    ///
    /// # Errors
    /// [`CpuError::TooLarge`].
    pub fn step(&mut self) -> Result<Option<NodeId>, CpuError> {
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

    /// A node's value, `[N, H, W, C]`, while it is there.
    pub fn value(&self, id: NodeId) -> Option<&Tensor> {
        self.values.get(id.0)?.as_ref()
    }

    /// The values of a node's inputs, while they are there.
    pub(super) fn inputs(&self, id: NodeId) -> Result<Vec<&Tensor>, CpuError> {
        let graph = self.model.graph();
        let inputs = graph.node(id).inputs.iter();
        inputs.map(|&i| needed(graph, i, self.value(i))).collect()
    }

    /// The output and the nodes in `keep`, after the last step.
    pub(super) fn into_kept(mut self, keep: &[NodeId]) -> Result<Kept, CpuError> {
        let graph = self.model.graph();
        let mut nodes = BTreeMap::new();
        for &id in keep {
            if let Some(value) = self.values[id.0].take() {
                nodes.insert(id, value);
            }
        }
        let output = match nodes.get(&graph.output) {
            Some(kept) => Some(kept.clone()),
            None => self.values[graph.output.0].take(),
        };
        Ok(Kept {
            output: needed(graph, graph.output, output)?,
            nodes,
        })
    }

    /// The values that are there, in execution order.
    pub(super) fn into_values(self) -> Vec<Tensor> {
        self.values.into_iter().flatten().collect()
    }
}

/// A value that the run's bookkeeping says is there.
pub(super) fn needed<T>(graph: &Graph, id: NodeId, value: Option<T>) -> Result<T, CpuError> {
    value.ok_or_else(|| {
        let name = &graph.node(id).name;
        CpuError::graph(
            name,
            "expected its value to be in memory, found it not computed or freed",
        )
    })
}
