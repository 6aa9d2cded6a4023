//! Tests of batch norm, scale-shift, ReLU, softmax, flatten and option A's shortcut.

use super::{Random, single, size};
use crate::graph::{BatchNorm, Op, Shape};
use crate::reference;
use crate::reference::scalar_loops::{self, error};
use crate::tensor::{Params, Tensor};

fn run(op: Op, params: &Params, x: &Tensor, out: Shape) -> Tensor {
    let s = x.shape();
    let graph = single(op, Shape::new(s[1], s[2], s[3]), out);
    reference::run(&graph, params, x, &[]).unwrap().output
}

#[test]
fn batch_norm_follows_its_formula() {
    let mut random = Random(7);
    let (x, c) = (random.tensor([2, 3, 5, 7]), 7);
    let mut params = Params::new();
    for leaf in ["weight", "bias", "running_mean"] {
        params.insert(format!("bn.{leaf}"), random.tensor([c]));
    }
    let var = Tensor::from_fn([c], |i| 0.01 + i as f32);
    params.insert("bn.running_var", var);
    let eps = 1e-3;
    let value =
        |leaf: &str, i: usize| f64::from(params.get(&format!("bn.{leaf}")).unwrap().data()[i]);
    let expected = Tensor::from_fn(x.shape(), |i| {
        let centred = f64::from(x.data()[i]) - value("running_mean", i % c);
        let unit = centred / (value("running_var", i % c) + eps).sqrt();
        (unit * value("weight", i % c) + value("bias", i % c)) as f32
    });
    let op = Op::BatchNorm(BatchNorm {
        prefix: "bn".into(),
        channels: c,
        eps,
    });
    let found = run(op, &params, &x, Shape::new(3, 5, c));
    assert!(error(&found, &expected) < 1e-6);
}

#[test]
fn scale_shift_rectifies_where_asked() {
    let mut random = Random(8);
    let x = random.tensor([2, 3, 2, 5]);
    let mut params = Params::new();
    params.insert("a", random.tensor([5]));
    params.insert("b", random.tensor([5]));
    for relu in [false, true] {
        let op = Op::ScaleShift {
            scale: "a".into(),
            shift: "b".into(),
            relu,
        };
        let found = run(op, &params, &x, Shape::new(3, 2, 5));
        let (a, b) = (params.get("a").unwrap(), params.get("b").unwrap());
        let expected = Tensor::from_fn(x.shape(), |i| {
            let y = x.data()[i] * a.data()[i % 5] + b.data()[i % 5];
            if relu { y.max(0.0) } else { y }
        });
        assert!(error(&found, &expected) < 1e-6);
    }
}

#[test]
fn relu_keeps_nan() {
    let x = Tensor::new([1, 1, 1, 3], vec![-2.0, f32::NAN, 3.0]).unwrap();
    let y = run(Op::Relu, &Params::new(), &x, Shape::new(1, 1, 3));
    assert_eq!((y.data()[0], y.data()[2]), (0.0, 3.0));
    assert!(y.data()[1].is_nan());
}

#[test]
fn softmax_stands_large_logits() {
    let x = Tensor::new([1, 1, 2, 2], vec![1000.0, 1000.0, -1000.0, 0.0]).unwrap();
    let y = run(Op::Softmax, &Params::new(), &x, Shape::new(1, 2, 2));
    assert_eq!(y.data(), [0.5, 0.5, 0.0, 1.0]);
    let x = Tensor::new([1, 1, 1, 2], vec![1.0, 1.0 + 3f32.ln()]).unwrap();
    let y = run(Op::Softmax, &Params::new(), &x, Shape::new(1, 1, 2));
    assert!((y.data()[1] - 0.75).abs() < 1e-6);
}

#[test]
fn flatten_is_in_pytorchs_order() {
    let nchw = Tensor::from_fn([2, 3, 2, 4], |i| i as f32);
    let x = nchw.nchw_to_nhwc();
    let y = run(Op::Flatten, &Params::new(), &x, Shape::new(1, 1, 24));
    assert_eq!(y.data(), nchw.data());
}

#[test]
fn random_option_a_shortcuts_match_scalar_loops() {
    let mut random = Random(9);
    for _ in 0..100 {
        let [h, w] = size(&mut random);
        let (c, stride) = (random.within(1, 7), random.within(1, 3));
        let channels = c + random.within(0, 9);
        let before = random.within(0, channels - c);
        let shape = [random.within(1, 3), h, w, c];
        let x = random.tensor(shape);
        let out = Shape::new(h.div_ceil(stride), w.div_ceil(stride), channels);
        let expected = scalar_loops::shortcut_a(&x, stride, before, [out.h, out.w, out.c]);
        let op = Op::ShortcutA { stride, before };
        assert_eq!(run(op, &Params::new(), &x, out), expected);
    }
}
