//! Passes: from the graph as authored to the graph that kernels run.
//!
//! A pass lets a later node absorb the one that feeds it: the later node
//! keeps its name and its value, and takes over the other's work. So every
//! node of the lowered graph still gives the value of one node of the
//! original, which is what `verify` compares and `--layer` reads. A node that
//! is to be kept is never absorbed.

mod error;
mod flatten;
mod fold_batch_norm;
mod fuse_add;
mod fuse_relu;
mod rewrite;

use std::collections::BTreeMap;
use std::ops::Deref;

pub use error::LowerError;

use crate::graph::{Graph, NodeId};
use crate::tensor::Params;
use rewrite::Rewrite;

/// A graph ready for planning. It is read as its [`LoweredData`], and made by
/// [`lower`] alone, which checks the graph: kernels go by its shapes unchecked.
///
/// ```
/// use resnet_wgpu::Model;
/// use resnet_wgpu::low_level::passes::lower;
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
/// fn tamper(lowered: &mut resnet_wgpu::low_level::passes::Lowered) {
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
/// use resnet_wgpu::Model;
/// use resnet_wgpu::low_level::passes::lower;
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
    Ok(finish(rewrite, graph))
}

/// The graph that passes have left of `original`.
fn finish(rewrite: Rewrite, original: &Graph) -> Lowered {
    let origin: Vec<NodeId> = rewrite.live().map(NodeId).collect();
    let renumber: BTreeMap<NodeId, NodeId> = origin
        .iter()
        .enumerate()
        .map(|(new, &old)| (old, NodeId(new)))
        .collect();
    let nodes = origin
        .iter()
        .map(|old| {
            let mut node = rewrite.nodes[old.0].clone();
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
        params: rewrite.params,
        origin,
    })
}

#[cfg(test)]
mod tests;
