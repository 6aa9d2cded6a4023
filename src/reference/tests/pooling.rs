//! Tests of pooling against scalar loops and PyTorch's corner cases.

use super::{Random, single, size};
use crate::graph::{Op, Shape, Window};
use crate::reference;
use crate::reference::scalar_loops::{self, error};
use crate::tensor::{Params, Tensor};

fn run(op: Op, x: &Tensor, h: usize, w: usize) -> Tensor {
    let s = x.shape();
    let graph = single(op, Shape::new(s[1], s[2], s[3]), Shape::new(h, w, s[3]));
    reference::run(&graph, &Params::new(), x, &[])
        .unwrap()
        .output
}

#[test]
fn random_pools_match_scalar_loops() {
    let mut random = Random(6);
    for _ in 0..300 {
        let [h, w] = size(&mut random);
        let kernel = random.within(1, 4);
        let window = Window::new(kernel, random.within(1, 3), random.within(0, kernel / 2));
        let shape = [random.within(1, 3), h, w, random.within(1, 9)];
        let x = random.tensor(shape);
        if let (Some(oh), Some(ow)) = (window.outputs(h), window.outputs(w)) {
            let expected = scalar_loops::max_pool(&x, window, [oh, ow]);
            assert_eq!(run(Op::MaxPool(window), &x, oh, ow), expected);
        }
        if let (Some(oh), Some(ow)) = (window.outputs_ceil(h), window.outputs_ceil(w)) {
            let expected = scalar_loops::avg_pool(&x, window, [oh, ow]);
            let found = run(Op::AvgPool(window), &x, oh, ow);
            assert!(error(&found, &expected) < 1e-5, "{window:?} on {h}×{w}");
        }
    }
}

#[test]
fn overhang_and_padding_do_not_count() {
    // torch.nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False) on arange(9).reshape(3, 3)
    // gives [[2, 3.5], [6.5, 8]].
    let x = Tensor::from_fn([1, 3, 3, 1], |i| i as f32);
    let y = run(Op::AvgPool(Window::new(2, 2, 0)), &x, 2, 2);
    assert_eq!(y.data(), [2.0, 3.5, 6.5, 8.0]);
    // With negative values, a padding of 0 would win over every pixel, which would reveal the
    // error.
    let x = Tensor::from_fn([1, 3, 3, 1], |i| -1.0 - i as f32);
    let y = run(Op::MaxPool(Window::new(3, 2, 1)), &x, 2, 2);
    assert_eq!(y.data(), [-1.0, -2.0, -4.0, -5.0]);
}

#[test]
fn a_nan_wins_as_in_pytorch() {
    for place in 0..4 {
        let mut x = Tensor::from_fn([1, 2, 2, 1], |i| i as f32);
        x.data_mut()[place] = f32::NAN;
        let y = run(Op::MaxPool(Window::new(2, 2, 0)), &x, 1, 1);
        assert!(y.data()[0].is_nan(), "at {place}");
    }
}

#[test]
fn global_mean_is_of_each_image_and_channel() {
    let x = Tensor::from_fn([2, 3, 5, 2], |i| i as f32);
    let y = run(Op::GlobalAvgPool, &x, 1, 1);
    // Channel 0 of image 0 holds 0, 2, …, 28. In image 1, the values are 30 larger.
    assert_eq!(y.data(), [14.0, 15.0, 44.0, 45.0]);
}
