//! Tests of the batch norms that convolutions also compute.

use super::super::tests::{lavapipe, lowered, ones, plan};
use super::*;
use crate::kernels::candidate;
use crate::models::Network;
use crate::passes::lower;
use crate::plan::{KernelChoice, Plan, PlanOptions};

/// A norm that follows a sum is computed with it if the device binds enough buffers. Both outputs
/// take eight buffers; the norm alone takes seven.
#[test]
fn norms_are_made_with_their_sums() {
    let lowered = lowered("preact-resnet18", 224);
    let norms = |storage_buffers| {
        let profile = DeviceProfile {
            storage_buffers,
            ..Default::default()
        };
        let options = KernelChoice::Prefer(candidate("conv.tiled.32x32").unwrap()).into();
        let plan = Plan::new(&lowered, 1, &profile, &[], &options).unwrap();
        let count = |outputs| plan.steps.iter().filter(|s| s.outputs == outputs).count();
        let own = plan.steps.iter().filter(|s| s.kernel.name == "scale_shift");
        let unwritten = plan.made_by.iter().filter(|m| m.is_none()).count();
        assert_eq!(unwritten, count(KernelOutputs::Normed));
        (count(KernelOutputs::Both), unwritten, own.count())
    };
    // The norm behind the pooling follows no sum, so it keeps a dispatch of its own. The last sum
    // of each of the four stages is read by its norm only: a following projection reads the norm,
    // not the sum.
    assert_eq!(norms(8), (4, 4, 1));
    assert_eq!(norms(7), (0, 4, 5));
    assert_eq!(norms(6), (0, 0, 9));
}

/// A requested sum is stored, and so is a requested norm without its ReLU.
#[test]
fn layers_asked_for_are_written() {
    let graph = Network::preset("preact-resnet18").unwrap();
    let graph = graph.graph(64, 64).unwrap();
    for (name, outputs, own) in [
        ("layer1.1", KernelOutputs::Both, false),
        ("layer2.0.bn1", KernelOutputs::Sum, true),
        ("layer2.0.relu1", KernelOutputs::Normed, false),
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

/// A convolution that also computes a norm reads two more vectors, scale and shift. Storing both
/// the sum and the norm adds one value of traffic.
#[test]
fn traffic_of_two_outputs() {
    let plan = plan("preact-resnet18", 224, 2, &lavapipe());
    let value = 2 * 4 * 56 * 56 * 64;
    let last = |name: &str| plan.steps.iter().rfind(|s| s.name == name).unwrap();
    // Inputs of Winograd's output transform: 36 (6×6) products for each of 14×14 tiles, then bias,
    // scale and shift.
    let products = 36 * 2 * 14 * 14 * 64 * 4 + 3 * 64 * 4;
    let both = last("layer1.0.conv2");
    assert_eq!(both.label(), "layer1.0.conv2 + layer1.1.relu1");
    assert_eq!(both.bytes, products + 3 * value);
    assert_eq!(last("layer1.1.conv2").bytes, products + 2 * value);
}
