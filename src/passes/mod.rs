//! Passes: conversions of a network's graph into the graph that kernels run.
//!
//! A pass lets a later node absorb the node that feeds it. The later node keeps its name and its
//! value, and performs the absorbed node's work as well. Every node of the lowered graph therefore
//! still has the value of one node of the original graph. `verify` compares these values, and
//! `--layer` reads them. A node in `keep` is never absorbed.

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

/// A graph that is ready for planning. Its content is the [`LoweredGraphData`], to which it
/// dereferences.
///
/// Only [`lower`] creates this type, and [`lower`] checks the graph. Kernels therefore rely on the
/// graph's shapes without further checks.
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
/// The content is read-only:
///
/// ```compile_fail,E0594
/// fn tamper(lowered: &mut resnet_wgpu::low_level::passes::LoweredGraph) {
///     lowered.graph.nodes[0].shape.h = 1;
/// }
/// ```
#[derive(Debug, Clone)]
pub struct LoweredGraph(LoweredGraphData);

impl Deref for LoweredGraph {
    type Target = LoweredGraphData;

    fn deref(&self) -> &LoweredGraphData {
        &self.0
    }
}

/// A graph with the weights that its nodes need.
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
pub struct LoweredGraphData {
    /// The fused graph.
    pub graph: Graph,
    /// The graph's weights. Folded and permuted weights are computed from the original weights on
    /// each access.
    pub params: Params,
    /// For each node of the fused graph, the original node that has the value.
    pub origin: Vec<NodeId>,
}

/// Runs all passes on a graph.
///
/// Reads only the shapes of `params`, not their values. The values of the nodes in `keep` stay
/// available: no pass folds or fuses across these nodes.
///
/// # Errors
/// - [`LowerError::Graph`] if the graph contradicts itself.
/// - [`LowerError::NoSuchNode`] if `keep` contains a node that the graph does not have.
/// - [`LowerError::Tensor`] for the first weight that is missing or has a wrong shape.
pub fn lower(graph: &Graph, params: &Params, keep: &[NodeId]) -> Result<LoweredGraph, LowerError> {
    let mut rewrite = Rewrite::new(graph, params, keep)?;
    fold_batch_norm::run(&mut rewrite)?;
    fuse_add::run(&mut rewrite);
    fuse_relu::run(&mut rewrite);
    flatten::run(&mut rewrite)?;
    Ok(finish(rewrite, graph))
}

/// Builds the lowered graph from the nodes of `original` that no other node absorbed.
fn finish(rewrite: Rewrite, original: &Graph) -> LoweredGraph {
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
    LoweredGraph(LoweredGraphData {
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
