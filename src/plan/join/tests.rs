//! What convolutions make besides their own values.

use super::super::tests::{lavapipe, lowered, ones, plan};
use super::*;
use crate::kernels::candidate;
use crate::models::Network;
use crate::passes::lower;
use crate::plan::{Choice, Plan, PlanOptions};

/// Norms that follow a sum are made with it where that is bound: both outputs
/// take eight buffers, the norm alone takes seven.
#[test]
fn norms_are_made_with_their_sums() {
    let lowered = lowered("preact-resnet18", 224);
    let norms = |storage_buffers| {
        let profile = DeviceProfile {
            storage_buffers,
            ..Default::default()
        };
        let options = Choice::Prefer(candidate("conv.tiled.32x32").unwrap()).into();
        let plan = Plan::new(&lowered, 1, &profile, &[], &options).unwrap();
        let count = |outputs| plan.steps.iter().filter(|s| s.outputs == outputs).count();
        let own = plan.steps.iter().filter(|s| s.kernel.name == "scale_shift");
        let unwritten = plan.made_by.iter().filter(|m| m.is_none()).count();
        assert_eq!(unwritten, count(Outputs::Normed));
        (count(Outputs::Both), unwritten, own.count())
    };
    // Behind the pooling there is no sum. The next block's projection reads
    // the norm, so four stages' last sums are for that alone.
    assert_eq!(norms(8), (4, 4, 1));
    assert_eq!(norms(7), (0, 4, 5));
    assert_eq!(norms(6), (0, 0, 9));
}

/// A sum that is asked for is written, and so is a norm without its ReLU.
#[test]
fn layers_asked_for_are_written() {
    let graph = Network::preset("preact-resnet18").unwrap();
    let graph = graph.graph(64, 64).unwrap();
    for (name, outputs, own) in [
        ("layer1.1", Outputs::Both, false),
        ("layer2.0.bn1", Outputs::Sum, true),
        ("layer2.0.relu1", Outputs::Normed, false),
    ] {
        let keep = [graph.find(name).unwrap()];
        let lowered = lower(&graph, &ones(&graph), &keep).unwrap();
        let plan = Plan::new(&lowered, 1, &lavapipe(), &keep, &PlanOptions::default()).unwrap();
        let step = |layer: &str| plan.steps.iter().rfind(|s| s.name == layer);
        let sum = step("layer1.1.conv2").unwrap();
        assert_eq!(sum.outputs, outputs, "{name}");
        let written: Vec<usize> = (plan.steps.iter()).flat_map(|s| s.writes.clone()).collect();
        assert!(written.contains(&plan.outputs[1].slot), "{name}");
        let wanted = plan.outputs[1].node;
        assert!(plan.made_by[wanted.0].is_some(), "{name}");
        assert_eq!(step("layer2.0.bn1").is_some(), own, "{name}");
    }
}

/// A stem that makes the max pool, too, writes that alone; where its own value
/// or a layer between is asked for, another candidate makes it.
#[test]
fn a_pool_is_made_with_its_convolution() {
    let graph = Network::preset("resnet18").unwrap();
    let graph = graph.graph(224, 224).unwrap();
    let options = Choice::Prefer(candidate("conv7x7s2.pooled").unwrap()).into();
    let planned = |keep: &[&str]| {
        let keep = keep.iter().map(|name| graph.find(name).unwrap());
        let keep: Vec<_> = keep.collect();
        let lowered = lower(&graph, &ones(&graph), &keep).unwrap();
        Plan::new(&lowered, 2, &lavapipe(), &keep, &options).unwrap()
    };
    let plan = planned(&[]);
    let stem = &plan.steps[0];
    assert_eq!(stem.kernel.name, "conv7x7s2.pooled");
    assert_eq!(stem.label(), "conv1 + maxpool");
    assert!(plan.steps.iter().all(|s| s.kernel.name != "max_pool"));
    // The image, 7·7·3 rows of 64 filters, their biases, and the pool's value.
    let image = 2 * 224 * 224 * 16;
    let filters = 7 * 7 * 3 * 64 * 4 + 64 * 4;
    assert_eq!(stem.bytes, image + filters + 2 * 56 * 56 * 64 * 4);
    assert_eq!(stem.grid, [2 * 8 * 7 * 4, 1, 1]);
    // Nothing has to hold the stem's own output.
    let own = 2 * 112 * 112 * 64 * 4;
    assert!(plan.slots.iter().all(|s| s.bytes < own));

    for kept in ["conv1", "bn1", "relu"] {
        let plan = planned(&[kept]);
        let stem = plan.steps.iter().find(|s| s.name == "conv1").unwrap();
        assert_ne!(stem.joined.as_deref(), Some("maxpool"), "{kept}");
        assert!(plan.steps.iter().any(|s| s.name == "maxpool"), "{kept}");
        let wanted = plan.outputs[1].node;
        assert!(plan.made_by[wanted.0].is_some(), "{kept}");
    }
    let plan = planned(&["maxpool"]);
    assert_eq!(plan.steps[0].label(), "conv1 + maxpool");
    assert_eq!(plan.outputs[1].slot, plan.steps[0].writes[0]);
}

/// The sum with its norm: a vector for the scale and one for the shift more,
/// and one output or the other more.
#[test]
fn traffic_of_two_outputs() {
    let plan = plan("preact-resnet18", 224, 2, &lavapipe());
    let value = 2 * 4 * 56 * 56 * 64;
    let last = |name: &str| plan.steps.iter().rfind(|s| s.name == name).unwrap();
    // The products of 6×6 points of 14×14 tiles, bias, scale and shift.
    let products = 36 * 2 * 14 * 14 * 64 * 4 + 3 * 64 * 4;
    let both = last("layer1.0.conv2");
    assert_eq!(both.label(), "layer1.0.conv2 + layer1.1.relu1");
    assert_eq!(both.bytes, products + 3 * value);
    assert_eq!(last("layer1.1.conv2").bytes, products + 2 * value);
}
