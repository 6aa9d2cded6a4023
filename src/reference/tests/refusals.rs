//! Tests of the graphs, tensors and inputs that the CPU reference rejects, and of the messages.

use super::{node, single};
use crate::graph::{GraphBuilder, NodeId, Op, Shape, Window};
use crate::reference::{self, ReferenceError, ReferenceModel};
use crate::tensor::{Params, Tensor};

#[test]
fn missing_and_misshapen_tensors_are_named() {
    let mut g = GraphBuilder::new(Shape::new(1, 1, 4)).unwrap();
    let x = g.input();
    let y = g.linear("fc", x, 3).unwrap();
    let graph = g.finish(y);
    let mut params = Params::new();
    params.insert("fc.weight", Tensor::zeros([3, 4]));
    let found = ReferenceModel::new(&graph, &params).err().unwrap();
    assert_eq!(
        found.to_string(),
        "tensor `fc.bias` of layer `fc`: expected shape [3], found no such tensor; \
         load the checkpoint of this very network"
    );
    params.insert("fc.bias", Tensor::zeros([4]));
    let found = ReferenceModel::new(&graph, &params).err().unwrap();
    assert_eq!(
        found.to_string(),
        "tensor `fc.bias` of layer `fc`: expected shape [3], found [4]; \
         load the checkpoint of this very network"
    );
    params.insert("fc.weight", Tensor::zeros([3, 4, 1, 2]));
    let found = ReferenceModel::new(&graph, &params).err().unwrap();
    assert!(
        found
            .to_string()
            .contains("expected shape [3, 4], found [3, 4, 1, 2]")
    );
}

#[test]
fn inputs_of_another_shape_are_refused() {
    let shape = Shape::new(4, 5, 3);
    let graph = single(Op::Relu, shape, shape);
    let model = ReferenceModel::new(&graph, &Params::new()).unwrap();
    for shape in [
        vec![4, 5, 3],
        vec![0, 4, 5, 3],
        vec![1, 3, 4, 5],
        vec![],
        vec![60],
    ] {
        let found = model.run(&Tensor::zeros(shape), &[]).unwrap_err();
        let text = found.to_string();
        assert!(text.contains("expected [N, 4, 5, 3]"), "{text}");
    }
    let x = Tensor::zeros([1, 4, 5, 3]);
    let found = model.run(&x, &[NodeId(2)]).unwrap_err();
    assert_eq!(found, ReferenceError::NoSuchNode { id: 2, nodes: 2 });
    assert!(model.run_node(NodeId(9), &[&x]).is_err());
    assert!(model.run_node(NodeId(1), &[]).is_err());
    assert!(model.run_node(NodeId(1), &[&x, &x]).is_err());
    let other = Tensor::zeros([1, 4, 5, 2]);
    assert!(model.run_node(NodeId(1), &[&other]).is_err());
}

#[test]
fn graphs_that_contradict_themselves_are_refused() {
    let s = Shape::new(4, 4, 2);
    let good = || single(Op::Relu, s, s);
    let refused = |change: &dyn Fn(&mut crate::graph::Graph), what: &str| {
        let mut graph = good();
        change(&mut graph);
        let found = reference::run(&graph, &Params::new(), &Tensor::zeros([1, 4, 4, 2]), &[]);
        let text = found.unwrap_err().to_string();
        assert!(text.contains(what), "{text}");
    };
    let huge = Shape::new(usize::MAX, 2, 2);
    refused(&|g| g.nodes.clear(), "expected a node");
    refused(&|g| g.output = NodeId(7), "node 7");
    refused(
        &|g| g.nodes[1].inputs[0] = NodeId(1),
        "expected inputs before node 1",
    );
    refused(&|g| g.nodes[1].inputs.clear(), "expected 1 inputs, found 0");
    refused(&|g| g.nodes[1].op = Op::Add, "expected 2 inputs, found 1");
    refused(&|g| g.nodes[1].op = Op::Input, "node 0 only");
    refused(&|g| g.nodes[0].op = Op::Relu, "node 0 only");
    refused(
        &|g| g.nodes[0].shape = Shape::new(0, 4, 2),
        "at least one pixel",
    );
    refused(
        &|g| g.nodes[1].shape = Shape::new(4, 4, 3),
        "expected an output of 4×4×2",
    );
    refused(&|g| g.nodes[0].shape = huge, "memory");
    for window in [
        Window::new(0, 1, 0),
        Window::new(1, 0, 0),
        Window::new(5, 1, 0),
        Window::new(usize::MAX, 1, usize::MAX),
    ] {
        refused(&|g| g.nodes[1].op = Op::MaxPool(window), "that fit");
    }
    let shortcut = Op::ShortcutA {
        stride: 2,
        before: usize::MAX,
    };
    refused(&|g| g.nodes[1].op = shortcut.clone(), "room for");
    refused(
        &|g| g.nodes.push(node("add", Op::Add, &[0, 5], s)),
        "expected inputs before node 2",
    );
}
