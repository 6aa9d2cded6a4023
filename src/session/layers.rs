//! The layers that a session is asked for, by name.

use super::{PROBABILITIES, SessionError, SessionOptions};
use crate::error::Error;
use crate::graph::{Graph, Node, NodeId, Op};
use crate::model::Model;

/// Returns the model's graph for images of height `h` and width `w`, with a softmax if `options`
/// ask for probabilities, and the layers by name.
pub(super) fn graph(
    model: &Model,
    (h, w): (usize, usize),
    names: &[String],
    options: &SessionOptions,
) -> Result<(Graph, Vec<(String, NodeId)>), Error> {
    let mut graph = model.graph(h, w)?;
    let mut layers = Vec::new();
    for name in names {
        let id = graph.find(name).ok_or_else(|| SessionError::UnknownLayer {
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

/// Some layer names, those that begin like `name` first.
fn near(graph: &Graph, name: &str) -> String {
    let modules = graph.nodes.iter().filter(|n| n.op != Op::Flatten);
    let names = modules.map(|n| &n.name).chain(graph.aliases.keys());
    let mut names: Vec<&String> = names.collect();
    let shared = |other: &str| {
        name.bytes()
            .zip(other.bytes())
            .take_while(|(a, b)| a.eq_ignore_ascii_case(b))
            .count()
    };
    names.sort_by_key(|n| (std::cmp::Reverse(shared(n)), n.len().abs_diff(name.len())));
    let few: Vec<&str> = names.iter().take(6).map(|n| n.as_str()).collect();
    format!("{}, …", few.join(", "))
}
