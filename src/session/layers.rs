//! The layers that a session is asked for, by name.

use super::{PROBABILITIES, SessionOptions};
use crate::error::Error;
use crate::graph::{Graph, Node, NodeId, Op, Shape};
use crate::model::Model;
use crate::tensor::QUAD;

/// The model's graph with the softmax if asked for, and the layers by name.
pub(super) fn graph(
    model: &Model,
    options: &SessionOptions,
) -> Result<(Graph, Vec<(String, NodeId)>), Error> {
    let own = model.input_size();
    let (h, w) = options.input_size.unwrap_or((own, own));
    let mut graph = model.graph(h, w)?;
    let mut layers = Vec::new();
    for name in &options.layers {
        let id = graph.find(name).ok_or_else(|| Error::UnknownLayer {
            name: name.clone(),
            network: model.network().name.clone(),
            known: near(&graph, name),
        })?;
        layers.push((name.clone(), id));
    }
    if options.probabilities {
        graph.nodes.push(Node {
            name: PROBABILITIES.into(),
            op: Op::Softmax,
            inputs: vec![graph.output],
            shape: graph.output_shape(),
        });
        layers.push((PROBABILITIES.into(), NodeId(graph.nodes.len() - 1)));
    }
    Ok((graph, layers))
}

pub(super) fn shapes(graph: &Graph, layers: &[(String, NodeId)]) -> Vec<Shape> {
    let ids = layers.iter().map(|(_, id)| *id);
    let ids = std::iter::once(graph.output).chain(ids);
    ids.map(|id| graph.node(id).shape).collect()
}

/// Numbers of the largest of these whose channels are padded; 0 where none are.
pub(super) fn widest(shapes: &[Shape]) -> usize {
    let padded = shapes.iter().filter(|s| !s.c.is_multiple_of(QUAD));
    padded.map(Shape::len).max().unwrap_or(0)
}

/// Some layer names, those that begin like `name` first.
fn near(graph: &Graph, name: &str) -> String {
    let modules = graph.nodes.iter().filter(|n| n.op != Op::Flatten);
    let names = modules.map(|n| &n.name).chain(graph.aliases.keys());
    let mut names: Vec<&String> = names.collect();
    let shared = |other: &str| {
        name.bytes()
            .zip(other.bytes())
            .take_while(|(a, b)| a == b)
            .count()
    };
    names.sort_by_key(|n| (std::cmp::Reverse(shared(n)), n.len().abs_diff(name.len())));
    let few: Vec<&str> = names.iter().take(6).map(|n| n.as_str()).collect();
    format!("{}, …", few.join(", "))
}
