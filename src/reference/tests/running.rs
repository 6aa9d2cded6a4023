//! Tests that all ways to run a graph return equal numbers, and that they free values as
//! documented.

use super::Random;
use crate::graph::{Bias, Graph, GraphBuilder, GraphError, NodeId, Shape, Window};
use crate::reference::scalar_loops::Random as Seeded;
use crate::reference::{ReferenceError, ReferenceExecutor, ReferenceModel};
use crate::tensor::Params;

/// Returns a small residual network.
fn network() -> Result<Graph, GraphError> {
    let mut g = GraphBuilder::new(Shape::new(9, 7, 3))?;
    let x = g.input();
    let x = g.conv("conv1", x, 6, Window::new(3, 1, 1), 1, Bias::Absent)?;
    let y = g.batch_norm("bn1", x, 1e-5);
    let y = g.relu("relu1", y);
    let y = g.conv("conv2", y, 6, Window::new(3, 1, 1), 2, Bias::Present)?;
    let y = g.add("add", y, x)?;
    let y = g.max_pool("maxpool", y, Window::new(3, 2, 1))?;
    let y = g.shortcut_a("shortcut", y, 10, 2, 2)?;
    let y = g.global_avg_pool("avgpool", y);
    let y = g.linear("fc", y, 5)?;
    Ok(g.finish(y))
}

fn params(graph: &Graph) -> Params {
    let mut random = Seeded(10);
    let mut params = Params::new();
    for spec in graph.params() {
        let mut tensor = random.tensor(spec.shape);
        if spec.name.ends_with("running_var") {
            tensor
                .data_mut()
                .iter_mut()
                .for_each(|v| *v = v.abs() + 0.5);
        }
        params.insert(spec.name, tensor);
    }
    params
}

#[test]
fn all_ways_to_run_agree() {
    let graph = network().unwrap();
    let model = ReferenceModel::new(&graph, &params(&graph)).unwrap();
    let input = Random(11).tensor([2, 9, 7, 3]);
    let all = model.run_all(&input).unwrap();
    assert_eq!(all.len(), graph.nodes.len());
    assert_eq!(all[0], input);

    let keep: Vec<NodeId> = graph.iter().map(|(id, _)| id).collect();
    let outputs = model.run(&input, &keep).unwrap();
    assert_eq!(&outputs.output, &all[graph.output.0]);
    for &id in &keep {
        assert_eq!(outputs.get(id), Some(&all[id.0]));
        let node = graph.node(id);
        let mut inputs: Vec<_> = node.inputs.iter().map(|i| &all[i.0]).collect();
        if inputs.is_empty() {
            inputs.push(&input);
        }
        assert_eq!(model.run_node(id, &inputs).unwrap(), all[id.0]);
    }

    let mut seen = 0;
    let output = model
        .run_visit::<ReferenceError>(&input, |id, inputs, value| {
            assert_eq!((id.0, value), (seen, &all[seen]));
            let expected: Vec<_> = graph.node(id).inputs.iter().map(|i| &all[i.0]).collect();
            assert_eq!(inputs, expected);
            seen += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!((seen, output), (all.len(), all[graph.output.0].clone()));
    assert_eq!(model.run(&input, &[]).unwrap().nodes.len(), 0);
}

#[test]
fn values_are_freed_unless_held() {
    let graph = network().unwrap();
    let model = ReferenceModel::new(&graph, &params(&graph)).unwrap();
    let input = Random(12).tensor([1, 9, 7, 3]);
    let id = |name| graph.find(name).unwrap();
    let mut executor = ReferenceExecutor::new(&model, &input).unwrap();
    executor.hold(id("bn1"), id("add")).unwrap();
    while let Some(at) = executor.step().unwrap() {
        let there = |name| executor.value(id(name)).is_some();
        match graph.node(at).name.as_str() {
            // add reads conv1 as its residual; only conv2 reads relu1.
            "conv2" => assert!(there("conv1") && there("bn1") && there("relu1")),
            "add" => assert!(there("conv1") && there("bn1") && !there("relu1")),
            "maxpool" => assert!(!there("conv1") && !there("bn1") && there("add")),
            _ => {}
        }
    }
    assert!(executor.value(graph.output).is_some());
    assert!(executor.step().unwrap().is_none());
}

#[test]
fn an_error_of_the_visitor_ends_the_run() {
    let graph = network().unwrap();
    let model = ReferenceModel::new(&graph, &params(&graph)).unwrap();
    let input = Random(13).tensor([1, 9, 7, 3]);
    let mut seen = 0;
    let stop = ReferenceError::NoSuchNode { id: 0, nodes: 1 };
    let found = model.run_visit(&input, |_, _, _| {
        seen += 1;
        if seen == 3 { Err(stop.clone()) } else { Ok(()) }
    });
    assert_eq!((found.unwrap_err(), seen), (stop.clone(), 3));
}
