//! The graph in the form that passes modify.

use super::error::LowerError;
use crate::graph::{Graph, Node, NodeId};
use crate::tensor::{Param, Params};

/// A graph that passes modify. Nodes keep their indices until all passes are done.
pub(super) struct Rewrite {
    pub(super) nodes: Vec<Node>,
    pub(super) absorbed: Vec<bool>,
    pub(super) kept: Vec<bool>,
    pub(super) uses: Vec<usize>,
    pub(super) params: Params,
}

impl Rewrite {
    pub(super) fn new(graph: &Graph, params: &Params, keep: &[NodeId]) -> Result<Self, LowerError> {
        graph.check()?;
        let nodes = graph.nodes.len();
        if let Some(&NodeId(id)) = keep.iter().find(|k| k.0 >= nodes) {
            return Err(LowerError::NoSuchNode { id, nodes });
        }
        let mut needed = Params::new();
        for (spec, layer) in graph.params_by_node() {
            let found = params.entry(&spec.name);
            match found {
                Some(t) if t.shape() == spec.shape => needed.insert(&spec.name, t.clone()),
                _ => {
                    return Err(LowerError::Tensor {
                        layer: graph.node(layer).name.clone(),
                        tensor: spec.name,
                        expected: spec.shape,
                        found: found.map_or("none".into(), |t| format!("{:?}", t.shape())),
                    });
                }
            }
        }
        let mut kept = vec![false; graph.nodes.len()];
        kept[graph.output.0] = true;
        for id in keep {
            kept[id.0] = true;
        }
        Ok(Self {
            nodes: graph.nodes.clone(),
            absorbed: vec![false; graph.nodes.len()],
            kept,
            uses: graph.use_counts(),
            params: needed,
        })
    }

    /// Returns the indices of the nodes that are not absorbed.
    pub(super) fn live(&self) -> impl Iterator<Item = usize> + use<> {
        let absorbed = self.absorbed.clone();
        (0..self.nodes.len()).filter(move |&i| !absorbed[i])
    }

    /// Returns whether the node that reads `id` may absorb it: `id` has exactly one reader, and its
    /// value need not be kept.
    pub(super) fn can_absorb(&self, id: NodeId) -> bool {
        self.uses[id.0] == 1 && !self.kept[id.0]
    }

    /// Marks `id` as absorbed.
    pub(super) fn absorb(&mut self, id: NodeId) {
        self.absorbed[id.0] = true;
    }

    /// Returns the tensor with the given name. `new` has checked the shapes.
    pub(super) fn tensor(&self, layer: usize, name: &str) -> Result<Param, LowerError> {
        self.params
            .entry(name)
            .cloned()
            .ok_or_else(|| LowerError::Tensor {
                layer: self.nodes[layer].name.clone(),
                tensor: name.to_owned(),
                expected: vec![],
                found: "none".into(),
            })
    }
}
