//! Passes: from the graph as authored to the graph that kernels run.
//!
//! A pass lets a later node absorb the one that feeds it: the later node
//! keeps its name and its value, and takes over the other's work. So every
//! node of the lowered graph still gives the value of one node of the
//! original, which is what `verify` compares and `--layer` reads. A node that
//! is to be kept is never absorbed.

mod flatten;
mod fold_batch_norm;
mod fuse_add;
mod fuse_relu;

use std::collections::BTreeMap;
use std::ops::Deref;

use crate::graph::{Graph, GraphError, Node, NodeId};
use crate::tensor::{Param, Params};

/// A graph ready for planning. It is read as its [`LoweredData`], and made by
/// [`lower`] alone, which checks the graph: kernels go by its shapes unchecked.
///
/// ```
/// use resnet_wgpu::{Model, passes::lower};
///
/// let model = Model::embedded()?;
/// let graph = model.graph(32, 32)?;
/// let lowered = lower(&graph, model.params(), &[])?;
/// let kinds: Vec<&str> = lowered.graph.nodes.iter().map(|node| node.op.kind()).collect();
/// assert!(!kinds.contains(&"batch_norm") && !kinds.contains(&"relu"));
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
///
/// It cannot be written to:
///
/// ```compile_fail,E0594
/// fn tamper(lowered: &mut resnet_wgpu::passes::Lowered) {
///     lowered.graph.nodes[0].shape.h = 1;
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Lowered(LoweredData);

impl Deref for Lowered {
    type Target = LoweredData;

    fn deref(&self) -> &LoweredData {
        &self.0
    }
}

/// A graph with the weights that it needs.
///
/// ```
/// use resnet_wgpu::{Model, passes::lower};
///
/// let model = Model::embedded()?;
/// let graph = model.graph(32, 32)?;
/// let lowered = lower(&graph, model.params(), &[])?;
/// for ((_, node), origin) in lowered.graph.iter().zip(&lowered.origin) {
///     println!("{} gives the value of {}", node.op.kind(), graph.node(*origin).name);
/// }
/// assert_eq!(lowered.origin[lowered.graph.output.0], graph.output);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LoweredData {
    /// The fused graph.
    pub graph: Graph,
    /// Its weights; those that are folded or permuted are computed from the
    /// original ones each time that one is wanted.
    pub params: Params,
    /// For each node of the fused graph, the original node whose value it
    /// gives.
    pub origin: Vec<NodeId>,
}

/// A graph that cannot be lowered; loading a checkpoint against a graph that
/// the builder made rules this out.
///
/// ```
/// use resnet_wgpu::models::Network;
/// use resnet_wgpu::passes::{LowerError, lower};
/// use resnet_wgpu::tensor::Params;
///
/// let graph = Network::preset("resnet20").expect("a preset").graph(32, 32)?;
/// let Err(LowerError::Tensor { tensor, expected, .. }) = lower(&graph, &Params::new(), &[]) else {
///     panic!("there are no weights");
/// };
/// assert_eq!(tensor, "conv1.weight");
/// assert_eq!(expected, [16, 3, 3, 3]);
/// # Ok::<(), resnet_wgpu::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LowerError {
    /// The graph contradicts itself.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A node to be kept that the graph does not have.
    #[error("node {id} is to be kept: expected one of the graph's {nodes} nodes")]
    NoSuchNode {
        /// The index asked for.
        id: usize,
        /// Nodes that the graph has.
        nodes: usize,
    },
    /// A weight that the graph needs and the parameters lack.
    #[error("layer `{layer}`: tensor `{tensor}` expected shape {expected:?}, found {found}")]
    Tensor {
        /// The node that needs it.
        layer: String,
        /// The tensor's name.
        tensor: String,
        /// The shape that the graph gives it.
        expected: Vec<usize>,
        /// The shape found, or "none".
        found: String,
    },
}

/// Runs all passes. No number of `params` is read. The values of `keep` stay
/// available: nothing is folded or fused across them.
///
/// # Errors
/// [`LowerError::Graph`] for a graph that contradicts itself,
/// [`LowerError::NoSuchNode`] for a node in `keep` that it does not have,
/// [`LowerError::Tensor`] for the first weight that is missing or misshapen.
pub fn lower(graph: &Graph, params: &Params, keep: &[NodeId]) -> Result<Lowered, LowerError> {
    let mut rewrite = Rewrite::new(graph, params, keep)?;
    fold_batch_norm::run(&mut rewrite)?;
    fuse_add::run(&mut rewrite);
    fuse_relu::run(&mut rewrite);
    flatten::run(&mut rewrite)?;
    Ok(rewrite.finish(graph))
}

/// A graph while passes work on it. Nodes keep their indices until the end.
struct Rewrite {
    nodes: Vec<Node>,
    absorbed: Vec<bool>,
    kept: Vec<bool>,
    uses: Vec<usize>,
    params: Params,
}

impl Rewrite {
    fn new(graph: &Graph, params: &Params, keep: &[NodeId]) -> Result<Self, LowerError> {
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

    /// Nodes that are still there.
    fn live(&self) -> impl Iterator<Item = usize> + use<> {
        let absorbed = self.absorbed.clone();
        (0..self.nodes.len()).filter(move |&i| !absorbed[i])
    }

    /// Whether node `id` may be absorbed by its user: nobody else reads it,
    /// and nobody asked for its value.
    fn can_absorb(&self, id: NodeId) -> bool {
        self.uses[id.0] == 1 && !self.kept[id.0]
    }

    /// Marks `id` as absorbed.
    fn absorb(&mut self, id: NodeId) {
        self.absorbed[id.0] = true;
    }

    /// A tensor by name; shapes were checked in `new`.
    fn tensor(&self, layer: usize, name: &str) -> Result<Param, LowerError> {
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

    fn finish(self, original: &Graph) -> Lowered {
        let origin: Vec<NodeId> = self.live().map(NodeId).collect();
        let renumber: BTreeMap<NodeId, NodeId> = origin
            .iter()
            .enumerate()
            .map(|(new, &old)| (old, NodeId(new)))
            .collect();
        let nodes = origin
            .iter()
            .map(|old| {
                let mut node = self.nodes[old.0].clone();
                for input in &mut node.inputs {
                    *input = renumber[input];
                }
                node
            })
            .collect();
        let aliases = original
            .aliases
            .iter()
            .filter_map(|(name, id)| Some((name.clone(), *renumber.get(id)?)))
            .collect();
        Lowered(LoweredData {
            graph: Graph {
                nodes,
                output: renumber[&original.output],
                aliases,
            },
            params: self.params,
            origin,
        })
    }
}

#[cfg(test)]
mod tests;
