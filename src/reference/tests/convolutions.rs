//! Tests of convolutions and linear layers, with and without epilogues.

use super::{Random, node, single, size};
use crate::graph::{Conv2d, Epilogue, Graph, Linear, NodeId, Op, Shape, Window};
use crate::reference::scalar_loops::{self, error};
use crate::reference::{self, ReferenceModel};
use crate::tensor::{Params, Tensor};

fn conv(channels: [usize; 2], window: Window, groups: usize) -> Conv2d {
    Conv2d {
        weight: "op.weight".into(),
        bias: Some("op.bias".into()),
        in_channels: channels[0],
        out_channels: channels[1],
        window,
        groups,
        epilogue: Epilogue::default(),
    }
}

fn conv_params(random: &mut Random, c: &Conv2d) -> Params {
    let k = c.window.kernel;
    let mut params = Params::new();
    let shape = [c.out_channels, c.in_channels / c.groups, k, k];
    params.insert("op.weight", random.tensor(shape));
    params.insert("op.bias", random.tensor([c.out_channels]));
    params
}

/// Runs one random batch of images through `c` and compares the result with the scalar loops.
fn check(random: &mut Random, c: Conv2d, [h, w]: [usize; 2]) {
    let (Some(oh), Some(ow)) = (c.window.outputs(h), c.window.outputs(w)) else {
        return;
    };
    let batch = random.within(1, 3);
    let x = random.tensor([batch, h, w, c.in_channels]);
    let params = conv_params(random, &c);
    let weight = params.get("op.weight").unwrap();
    let bias = c.bias.as_ref().map(|name| params.get(name).unwrap());
    let expected = scalar_loops::conv(&x, &weight, bias.as_deref(), c.window, c.groups, [oh, ow]);
    let what = format!("{c:?} on {batch} images of {h}×{w}");
    let (input, output) = (
        Shape::new(h, w, c.in_channels),
        Shape::new(oh, ow, c.out_channels),
    );
    let graph = single(Op::Conv2d(c), input, output);
    let found = reference::run(&graph, &params, &x, &[]).unwrap().output;
    let error = error(&found, &expected);
    assert!(error < 1e-5, "{what}: {error:e}");
}

#[test]
fn random_convolutions_match_scalar_loops() {
    let mut random = Random(1);
    for _ in 0..300 {
        let groups = [1, 1, 1, 2, 3, 5][random.within(0, 5)];
        let channels = [groups * random.within(1, 9), groups * random.within(1, 9)];
        let kernel = random.within(1, 5);
        let window = Window::new(kernel, random.within(1, 3), random.within(0, kernel));
        let bias = random.within(0, 1) == 1;
        let size = size(&mut random);
        let mut conv = conv(channels, window, groups);
        conv.bias = conv.bias.filter(|_| bias);
        check(&mut random, conv, size);
    }
}

#[test]
fn convolutions_of_several_blocks_match_scalar_loops() {
    // The sizes cover more pixels than a block has, and so few pixels that channels are split.
    let mut random = Random(2);
    for (channels, window, groups, size) in [
        ([3, 9], Window::new(7, 2, 3), 1, [71, 67]),
        ([130, 67], Window::new(3, 1, 1), 1, [3, 5]),
        ([70, 201], Window::new(1, 1, 0), 1, [1, 1]),
        ([70, 33], Window::new(1, 2, 0), 1, [9, 8]),
        ([64, 128], Window::new(3, 2, 1), 2, [7, 7]),
        ([32, 32], Window::new(3, 1, 1), 32, [33, 41]),
    ] {
        check(&mut random, conv(channels, window, groups), size);
    }
}

/// Returns a graph of `op` with the input as its residual.
fn with_residual(op: Op, shape: Shape) -> Graph {
    let mut graph = single(op, shape, shape);
    graph.nodes[1].inputs.push(NodeId(0));
    graph
}

#[test]
fn epilogue_adds_bias_and_residual_then_rectifies() {
    let mut random = Random(3);
    let window = Window::new(3, 1, 1);
    let mut c = conv([6, 6], window, 2);
    let x = random.tensor([2, 5, 7, 6]);
    let params = conv_params(&mut random, &c);
    let (weight, bias) = (
        params.get("op.weight").unwrap(),
        params.get("op.bias").unwrap(),
    );
    let plain = scalar_loops::conv(&x, &weight, Some(&bias), window, 2, [5, 7]);
    let expected = Tensor::from_fn([2, 5, 7, 6], |i| (plain.data()[i] + x.data()[i]).max(0.0));
    c.epilogue = Epilogue {
        residual: true,
        relu: true,
    };
    let graph = with_residual(Op::Conv2d(c), Shape::new(5, 7, 6));
    let found = reference::run(&graph, &params, &x, &[]).unwrap().output;
    assert!(error(&found, &expected) < 1e-5);
}

#[test]
fn linear_takes_both_weight_shapes_and_an_epilogue() {
    let mut random = Random(4);
    let x = random.tensor([3, 1, 1, 45]);
    let weight = random.tensor([45, 45]);
    let head = Tensor::new([45, 45, 1, 1], weight.data().to_vec()).unwrap();
    let bias = random.tensor([45]);
    let expected = Tensor::from_fn([3, 1, 1, 45], |i| {
        let (n, o) = (i / 45, i % 45);
        let products = (0..45).map(|k| x.data()[n * 45 + k] * weight.data()[o * 45 + k]);
        (products.sum::<f32>() + bias.data()[o] + x.data()[i]).max(0.0)
    });
    let op = Op::Linear(Linear {
        weight: "fc.weight".into(),
        bias: Some("fc.bias".into()),
        in_features: 45,
        out_features: 45,
        epilogue: Epilogue {
            residual: true,
            relu: true,
        },
    });
    let graph = with_residual(op, Shape::new(1, 1, 45));
    for weight in [weight, head] {
        let mut params = Params::new();
        params.insert("fc.weight", weight);
        params.insert("fc.bias", bias.clone());
        let found = reference::run(&graph, &params, &x, &[]).unwrap().output;
        assert!(error(&found, &expected) < 1e-5);
    }
}

#[test]
fn the_batch_does_not_change_an_images_numbers() {
    let mut random = Random(5);
    let c = conv([17, 23], Window::new(3, 1, 1), 1);
    let params = conv_params(&mut random, &c);
    let shape = Shape::new(29, 31, 23);
    let mut graph = single(Op::Conv2d(c), Shape::new(29, 31, 17), shape);
    graph.nodes.push(node("relu", Op::Relu, &[1], shape));
    graph.output = NodeId(2);
    let model = ReferenceModel::new(&graph, &params).unwrap();
    let batch = random.tensor([4, 29, 31, 17]);
    let together = model.run(&batch, &[]).unwrap().output;
    for (image, expected) in batch
        .data()
        .chunks(29 * 31 * 17)
        .zip(together.data().chunks(shape.len()))
    {
        let image = Tensor::new([1, 29, 31, 17], image.to_vec()).unwrap();
        assert_eq!(model.run(&image, &[]).unwrap().output.data(), expected);
    }
}
