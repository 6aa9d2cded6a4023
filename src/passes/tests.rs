//! Tests each pass alone and all passes together, on small graphs and on presets.

use super::*;
use crate::graph::{Bias, Epilogue, GraphBuilder, Op, Shape, Window};
use crate::models::Network;
use crate::tensor::Tensor;

fn ramp(graph: &Graph) -> Params {
    let mut params = Params::new();
    for spec in graph.params() {
        let positive = spec.name.ends_with("running_var");
        let t = Tensor::from_fn(spec.shape.clone(), |i| {
            let v = ((i * 37 + spec.name.len() * 11) % 17) as f32 / 17.0;
            if positive { 0.5 + v } else { v - 0.5 }
        });
        params.insert(spec.name, t);
    }
    params
}

fn conv_bn_relu() -> Graph {
    let mut g = GraphBuilder::new(Shape::new(4, 4, 3)).unwrap();
    let x = g.input();
    let x = g
        .conv("conv1", x, 5, Window::new(3, 1, 1), 1, Bias::Absent)
        .unwrap();
    let x = g.batch_norm("bn1", x, 1e-5);
    let x = g.relu("relu", x);
    g.finish(x)
}

#[test]
fn folding_is_the_formula() {
    let graph = conv_bn_relu();
    let params = ramp(&graph);
    let lowered = lower(&graph, &params, &[]).unwrap();
    assert_eq!(lowered.graph.nodes.len(), 2);
    let Op::Conv2d(conv) = &lowered.graph.nodes[1].op else {
        panic!("{:?}", lowered.graph.nodes[1]);
    };
    assert!(conv.epilogue.relu);
    assert_eq!(lowered.graph.nodes[1].name, "relu");
    let value = |name: &str, i: usize| f64::from(params.get(name).unwrap().data()[i]);
    for o in 0..5 {
        let scale = value("bn1.weight", o) / (value("bn1.running_var", o) + 1e-5).sqrt();
        let bias = value("bn1.bias", o) - value("bn1.running_mean", o) * scale;
        let folded = lowered.params.get("conv1.bias").unwrap().data()[o];
        assert_eq!(folded, bias as f32);
        let w = lowered.params.get("conv1.weight").unwrap().data()[o * 27 + 4];
        assert_eq!(w, (value("conv1.weight", o * 27 + 4) * scale) as f32);
    }
    assert!(lowered.params.entry("bn1.weight").is_none());
}

#[test]
fn nothing_is_fused_across_a_kept_layer() {
    let graph = conv_bn_relu();
    let params = ramp(&graph);
    for (keep, kinds) in [
        ("conv1", vec!["input", "conv2d", "scale_shift"]),
        ("bn1", vec!["input", "conv2d", "relu"]),
        ("relu", vec!["input", "conv2d"]),
    ] {
        let keep = graph.find(keep).unwrap();
        let lowered = lower(&graph, &params, &[keep]).unwrap();
        let found: Vec<_> = lowered.graph.nodes.iter().map(|n| n.op.kind()).collect();
        assert_eq!(found, kinds);
        assert!(lowered.origin.contains(&keep));
    }
}

#[test]
fn a_shared_convolution_is_not_absorbed() {
    let mut g = GraphBuilder::new(Shape::new(4, 4, 4)).unwrap();
    let x = g.input();
    let y = g
        .conv("conv1", x, 4, Window::new(1, 1, 0), 1, Bias::Absent)
        .unwrap();
    let r = g.relu("relu", y);
    let z = g.add("add", y, r).unwrap();
    let graph = g.finish(z);
    let lowered = lower(&graph, &ramp(&graph), &[]).unwrap();
    let kinds: Vec<_> = lowered.graph.nodes.iter().map(|n| n.op.kind()).collect();
    assert_eq!(kinds, ["input", "conv2d", "relu", "add"]);
}

/// If the branch must be kept, the add absorbs the other summand: the projection then adds the kept
/// value as its residual.
#[test]
fn a_projection_adds_where_the_branch_is_kept() {
    let network = Network::preset("resnet18").unwrap();
    let graph = network.graph(64, 64).unwrap();
    let keep = graph.find("layer2.0.bn2").unwrap();
    let lowered = &lower(&graph, &ramp(&graph), &[keep]).unwrap().graph;
    let conv = |name: &str| {
        let node = lowered.node(lowered.find(name).unwrap());
        match &node.op {
            Op::Conv2d(conv) => (conv.weight.as_str(), conv.epilogue, &node.inputs[..]),
            other => panic!("{name}: {other:?}"),
        }
    };
    let id = |name: &str| lowered.find(name).unwrap();

    let (weight, epilogue, inputs) = conv("layer2.0.bn2");
    assert_eq!(weight, "layer2.0.conv2.weight");
    assert_eq!(epilogue, Epilogue::default());
    assert_eq!(inputs, [id("layer2.0.relu1")]);

    let (weight, epilogue, inputs) = conv("layer2.0");
    assert_eq!(weight, "layer2.0.downsample.0.weight");
    assert!(epilogue.residual && epilogue.relu);
    assert_eq!(inputs, [id("layer1.1"), id("layer2.0.bn2")]);

    for absorbed in ["layer2.0.add", "layer2.0.downsample.1"] {
        assert_eq!(lowered.find(absorbed), None);
    }
    assert!(lowered.nodes.iter().all(|n| n.op != Op::Add));
}

#[test]
fn flattening_permutes_the_weights() {
    let mut g = GraphBuilder::new(Shape::new(1, 2, 3)).unwrap();
    let x = g.input();
    let x = g.flatten("flatten", x);
    let x = g.linear("fc", x, 1).unwrap();
    let graph = g.finish(x);
    let mut params = ramp(&graph);
    params.insert("fc.weight", Tensor::from_fn([1, 6], |i| i as f32));
    let lowered = lower(&graph, &params, &[]).unwrap();
    assert_eq!(lowered.graph.nodes.len(), 2);
    // The columns c0p0 c0p1 c1p0 … become p0: c0 c1 c2 pad, p1: c0 c1 c2 pad.
    let w = lowered.params.get("fc.weight").unwrap();
    assert_eq!(w.shape(), [1, 8]);
    assert_eq!(w.data(), [0.0, 2.0, 4.0, 0.0, 1.0, 3.0, 5.0, 0.0]);
}

/// A lowered network has one node for each convolution and no batch norm, ReLU, add or flatten.
#[test]
fn networks_fuse_completely() {
    for (name, expected) in [
        // 53 convolutions, input, max pool, global pool, linear.
        ("resnet50", vec![("conv2d", 53)]),
        ("resnet20", vec![("conv2d", 19), ("shortcut_a", 2)]),
        ("plain18", vec![("conv2d", 17)]),
        // In each block the first batch norm, if it follows a sum or a pool, and the last batch
        // norm of the network.
        ("preact-resnet18", vec![("conv2d", 20), ("scale_shift", 9)]),
        ("resnet50d", vec![("conv2d", 55), ("avg_pool", 3)]),
        ("vgg19-bn", vec![("conv2d", 16), ("linear", 3)]),
    ] {
        let net = Network::preset(name).unwrap();
        let size = net.native_size();
        let graph = net.graph(size, size).unwrap();
        let lowered = lower(&graph, &ramp(&graph), &[]).unwrap();
        let count = |kind| {
            let kinds = lowered.graph.nodes.iter().map(|n| n.op.kind());
            kinds.filter(|&k| k == kind).count()
        };
        for (kind, n) in expected {
            assert_eq!(count(kind), n, "{name}: {kind}");
        }
        for kind in ["batch_norm", "relu", "add", "flatten"] {
            assert_eq!(count(kind), 0, "{name}: {kind}");
        }
    }
}

#[test]
fn a_missing_tensor_is_named() {
    let graph = conv_bn_relu();
    let mut params = ramp(&graph);
    params.insert("bn1.weight", Tensor::zeros([4]));
    let err = lower(&graph, &params, &[]).unwrap_err().to_string();
    assert!(err.contains("bn1.weight") && err.contains("[5]"), "{err}");
}
