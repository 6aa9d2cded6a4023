//! Tests of errors that some drivers make silently: lost NaNs, and loops with many iterations.

use crate::support::device::gpus;
use resnet_wgpu::low_level::gpu::Executable;
use resnet_wgpu::low_level::graph::{Graph, GraphBuilder, Shape, Window};
use resnet_wgpu::low_level::passes::lower;
use resnet_wgpu::low_level::plan::{DeviceProfile, Plan, PlanError, PlanOptions};
use resnet_wgpu::low_level::reference;
use resnet_wgpu::low_level::tensor::{Params, padded};
use resnet_wgpu::{Gpu, Tensor};

/// Returns the output of a graph without weights, computed on a device and on the CPU.
fn outputs(gpu: &Gpu, graph: &Graph, input: &Tensor) -> (Vec<f32>, Vec<f32>) {
    let expected = padded(
        &reference::run(graph, &Params::new(), input, &[])
            .unwrap()
            .output,
    );
    let lowered = lower(graph, &Params::new(), &[]).unwrap();
    let plan = Plan::new(&lowered, 1, gpu.profile(), &[], &PlanOptions::default()).unwrap();
    let engine = Executable::isolated(gpu, plan, &lowered.params).unwrap();
    let mut found = vec![];
    engine
        .run(&padded(input), |_, data| found.extend_from_slice(data))
        .unwrap();
    (found, expected.to_vec())
}

fn graph(
    shape: Shape,
    build: impl FnOnce(
        &mut GraphBuilder,
        resnet_wgpu::low_level::graph::NodeId,
    ) -> resnet_wgpu::low_level::graph::NodeId,
) -> Graph {
    let mut g = GraphBuilder::new(shape).unwrap();
    let x = g.input();
    let y = build(&mut g, x);
    g.finish(y)
}

/// Checks that a NaN in the input gives a NaN at the same places as on the CPU. Positive and
/// negative NaNs are tested, in the corners and next to infinities.
#[test]
fn a_nan_stays_one() {
    let shape = Shape::new(9, 11, 8);
    let window = Window {
        kernel: 3,
        stride: 2,
        padding: 1,
    };
    let graphs = [
        (
            "max pool",
            graph(shape, |g, x| g.max_pool("pool", x, window).unwrap()),
        ),
        ("relu", graph(shape, |g, x| g.relu("relu", x))),
        (
            "global average",
            graph(shape, |g, x| g.global_avg_pool("avgpool", x)),
        ),
        ("softmax", graph(shape, |g, x| g.softmax("softmax", x))),
    ];
    let mut values: Vec<f32> = (0..shape.len())
        .map(|i| ((i * 37) % 101) as f32 - 50.0)
        .collect();
    let last = values.len() - 1;
    for (at, nan) in [
        (0, f32::NAN),
        (last, -f32::NAN),
        (430, f32::NAN),
        (431, f32::INFINITY),
        (17, f32::NEG_INFINITY),
    ] {
        values[at] = nan;
    }
    let input = Tensor::new(vec![1, shape.h, shape.w, shape.c], values).unwrap();
    for gpu in gpus() {
        for (name, graph) in &graphs {
            let (found, expected) = outputs(&gpu, graph, &input);
            let nans = |values: &[f32]| values.iter().filter(|v| v.is_nan()).count();
            assert!(nans(&expected) > 0, "{name}");
            for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let alike = found.is_nan() == expected.is_nan();
                let place = format!("{name} on {}, {:?}", gpu.describe(), gpu.profile().storage);
                assert!(alike, "{place}: {found} and not {expected} at {at}");
            }
        }
    }
}

/// Mesa's llvmpipe ends a shader's loops after 65,535 iterations in total.
#[test]
fn a_mean_over_a_million_pixels_is_right() {
    let shape = Shape::new(1024, 1500, 4);
    let graph = graph(shape, |g, x| g.global_avg_pool("avgpool", x));
    let values = (0..shape.len()).map(|i| 1.0 + (i % 7) as f32).collect();
    let input = Tensor::new(vec![1, shape.h, shape.w, shape.c], values).unwrap();
    for gpu in gpus() {
        let (found, expected) = outputs(&gpu, &graph, &input);
        for (found, expected) in found.iter().zip(&expected) {
            let place = format!("{}, {:?}", gpu.describe(), gpu.profile().storage);
            assert!(
                (found - expected).abs() < 1e-3,
                "{place}: {found} and not {expected}"
            );
        }
    }
}

#[test]
fn longer_loops_are_refused() {
    let plan = |graph: &Graph| {
        let lowered = lower(graph, &Params::new(), &[]).unwrap();
        let profile = DeviceProfile {
            max_binding: u64::MAX,
            ..DeviceProfile::default()
        };
        Plan::new(&lowered, 1, &profile, &[], &PlanOptions::default())
    };
    let mean = |w| {
        graph(Shape::new(4096, w, 1), |g, x| {
            g.global_avg_pool("avgpool", x)
        })
    };
    assert!(plan(&mean(4096 - 64)).is_ok());
    let window = Window {
        kernel: 257,
        stride: 1,
        padding: 0,
    };
    let wide = graph(Shape::new(300, 300, 1), |g, x| {
        g.max_pool("pool", x, window).unwrap()
    });
    for graph in [mean(4200), wide] {
        let error = plan(&graph).unwrap_err();
        assert!(matches!(error, PlanError::LoopTooLong { .. }), "{error}");
    }
}
