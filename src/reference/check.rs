//! Checks before a run of the CPU reference. The loops of the reference index without further
//! checks, because these checks passed.

use super::ReferenceError;
use crate::graph::{Graph, Node, NodeId, Shape};

/// Checks that a graph is consistent and that each of its values is small enough to be addressed.
pub(super) fn check(graph: &Graph) -> Result<(), ReferenceError> {
    for node in &graph.nodes {
        elements(node, 1)?;
    }
    if !graph.nodes.is_empty() {
        check_id(graph, graph.output)?;
    }
    graph
        .check()
        .map_err(|e| ReferenceError::graph(&e.node, e.problem))
}

/// Checks that the graph has node `id`.
pub(super) fn check_id(graph: &Graph, id: NodeId) -> Result<(), ReferenceError> {
    let nodes = graph.nodes.len();
    if id.0 >= nodes {
        return Err(ReferenceError::NoSuchNode { id: id.0, nodes });
    }
    Ok(())
}

/// Returns the number of elements of a node's value for `batch` images.
pub(super) fn elements(node: &Node, batch: usize) -> Result<usize, ReferenceError> {
    let Shape { h, w, c } = node.shape;
    [h, w, c]
        .iter()
        .try_fold(batch, |len, &extent| len.checked_mul(extent))
        // An allocation is limited to isize::MAX bytes.
        .filter(|&len| len <= isize::MAX as usize / size_of::<f32>())
        .ok_or_else(|| ReferenceError::TooLarge {
            node: node.name.clone(),
            batch,
            height: h,
            width: w,
            channels: c,
        })
}
