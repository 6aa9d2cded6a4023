//! Tests of whole networks' plans, without a GPU.

use super::*;
use crate::graph::Graph;
use crate::kernels::candidate;
use crate::models::{Network, presets};
use crate::passes::lower;
use crate::tensor::{Params, Tensor};

pub(super) fn lowered(name: &str, size: usize) -> LoweredGraph {
    let graph = Network::preset(name).unwrap().graph(size, size).unwrap();
    lower(&graph, &ones(&graph), &[]).unwrap()
}

/// Returns tensors of ones for a graph, which are valid variances, too.
pub(super) fn ones(graph: &Graph) -> Params {
    let mut params = Params::new();
    for spec in graph.params() {
        params.insert(spec.name, Tensor::from_fn(spec.shape, |_| 1.0));
    }
    params
}

pub(super) fn lavapipe() -> DeviceProfile {
    DeviceProfile {
        class: DeviceClass::Software,
        subgroup: 8,
        workgroup_bytes: 32_768,
        invocations: 1024,
        storage_buffers: 32,
        ..Default::default()
    }
}

pub(super) fn plan(name: &str, size: usize, batch: usize, profile: &DeviceProfile) -> Plan {
    Plan::new(
        &lowered(name, size),
        batch,
        profile,
        &[],
        &PlanOptions::default(),
    )
    .unwrap()
}

#[test]
fn resnet20_snapshot() {
    insta::assert_snapshot!(plan("resnet20", 32, 1, &lavapipe()).to_string());
}

#[test]
fn resnet50_snapshot() {
    let profile = DeviceProfile {
        class: DeviceClass::Discrete,
        subgroup: 32,
        ..Default::default()
    };
    insta::assert_snapshot!(plan("resnet50", 224, 1, &profile).to_string());
}

#[test]
fn preact_snapshot() {
    insta::assert_snapshot!(plan("preact-resnet18", 224, 2, &lavapipe()).to_string());
}

/// The slots take little more memory than the live peak, the minimum.
///
/// ResNet-50 without Winograd needs exactly its live peak. If a large stem overlaps with three
/// small values, no assignment of whole buffers reaches the peak (ResNet-18: 3.2 + 0.8 + 0.8 MB
/// against 4.0 MB), but none is far off. If a sum is stored with its norm, four small values
/// overlap (another 0.8 MB in the 18-layer pre-activation network). Winograd's scratch buffers add
/// further sizes.
#[test]
fn slots_need_hardly_more_than_the_live_peak() {
    for name in presets() {
        let size = Network::preset(name).unwrap().native_size();
        let lowered = lowered(name, size);
        let direct = candidate("conv.shuffle8.56").unwrap();
        let alone = match name {
            "resnet50" => 1.0,
            name if name.starts_with("preact") => 1.4,
            _ => 1.25,
        };
        for (choice, most) in [
            (KernelChoice::Prefer(direct), alone),
            (KernelChoice::Auto, 1.5),
        ] {
            let plan = Plan::new(&lowered, 1, &lavapipe(), &[], &choice.into()).unwrap();
            let ratio = plan.activation_bytes() as f64 / plan.live_peak as f64;
            assert!(
                ratio <= most,
                "{name}: {ratio:.3} of the live peak in {} slots",
                plan.slots.len()
            );
        }
    }
}

#[test]
fn a_step_never_reads_the_slot_it_writes() {
    for name in presets() {
        let size = Network::preset(name).unwrap().native_size();
        for step in &plan(name, size, 2, &DeviceProfile::default()).steps {
            let reads = |slot: &usize| step.reads.contains(&Binding::Slot(*slot));
            assert!(!step.writes.iter().any(reads), "{name}: {}", step.name);
            assert!(step.writes.len() < 2 || step.writes[0] != step.writes[1]);
        }
    }
}

#[test]
fn large_weights_are_split_and_large_batches_refused() {
    let profile = DeviceProfile::default();
    let vgg = lowered("vgg19", 224);
    let plan = Plan::new(&vgg, 1, &profile, &[], &PlanOptions::default()).unwrap();
    let fc = plan.steps.iter().filter(|s| s.name == "classifier.0");
    assert_eq!(fc.count(), 4);
    assert!(
        plan.weights
            .iter()
            .all(|w| w.bytes() <= profile.max_binding)
    );

    let most = Plan::max_batch(&vgg, 1000, &profile, &[], &PlanOptions::default());
    assert!(Plan::new(&vgg, most, &profile, &[], &PlanOptions::default()).is_ok());
    let err = Plan::new(&vgg, most + 1, &profile, &[], &PlanOptions::default()).unwrap_err();
    assert!(err.to_string().contains("smaller batch"), "{err}");

    // Larger than kernels can index, but within the binding size that Metal reports.
    let profile = DeviceProfile {
        max_binding: 16 << 30,
        max_buffer: 16 << 30,
        ..profile
    };
    let most = Plan::max_batch(&vgg, 5000, &profile, &[], &PlanOptions::default());
    assert!((300..400).contains(&most), "{most}");
    assert!(Plan::new(&vgg, most, &profile, &[], &PlanOptions::default()).is_ok());
}

#[test]
fn limits_that_are_too_small_are_named() {
    let profile = DeviceProfile {
        storage_buffers: 4,
        ..Default::default()
    };
    let err = Plan::new(
        &lowered("resnet20", 32),
        1,
        &profile,
        &[],
        &PlanOptions::default(),
    )
    .unwrap_err();
    assert!(err.to_string().contains("4 storage buffers"), "{err}");
    // 16 KiB of workgroup memory and 128 invocations are enough.
    let profile = DeviceProfile {
        invocations: 128,
        ..Default::default()
    };
    let plan = plan("resnet20", 32, 1, &profile);
    assert!(plan.kernels().iter().all(|v| profile.runs(v.kernel)));
}

#[test]
fn only_large_work_is_cut_into_submissions() {
    let discrete = DeviceProfile {
        class: DeviceClass::Discrete,
        max_binding: 2 << 30,
        max_buffer: 2 << 30,
        ..Default::default()
    };
    let one = plan("resnet50", 224, 8, &discrete);
    assert_eq!(one.submissions, vec![0..one.steps.len()]);
    // VGG-19 takes 19.6 GMAC for one image; Winograd needs a quarter of that.
    let vgg = lowered("vgg19", 224);
    let direct = KernelChoice::Prefer(candidate("conv.tiled.128x128").unwrap());
    for (profile, choice, expected) in [
        (&discrete, direct, 4),
        (&discrete, KernelChoice::Auto, 1),
        (&lavapipe(), KernelChoice::Auto, 1),
    ] {
        let plan = Plan::new(&vgg, 8, profile, &[], &choice.into()).unwrap();
        assert_eq!(plan.submissions.len(), expected);
        let covered: Vec<usize> = plan.submissions.iter().cloned().flatten().collect();
        assert_eq!(covered, (0..plan.steps.len()).collect::<Vec<_>>());
        for range in &plan.submissions {
            let macs: u64 = plan.steps[range.clone()].iter().map(|s| s.macs).sum();
            assert!(expected == 1 || macs <= 50_000_000_000 || range.len() == 1);
        }
    }
}

/// Each input, weight and output counts once. A strided 1×1 convolution counts only the pixels that
/// it reads.
#[test]
fn traffic_is_counted_once() {
    let bytes = |plan: &Plan, name: &str| -> Vec<u64> {
        let steps = plan.steps.iter().filter(|s| s.name == name);
        steps.map(|s| s.bytes).collect()
    };
    let resnet = plan("resnet50", 224, 2, &lavapipe());
    let weights = 4 * (256 * 512 + 512);
    let expected = 2 * 4 * (28 * 28 * 256 + 28 * 28 * 512) + weights;
    assert_eq!(bytes(&resnet, "layer2.0.downsample.0"), [expected]);
    // The traffic of this layer includes its residual.
    let expected = 2 * 4 * (56 * 56 * (64 + 256 + 256)) + 4 * (64 * 256 + 256);
    assert_eq!(bytes(&resnet, "layer1.0.conv3"), [expected]);

    // A layer in chunks reads its input for each chunk, and everything else once.
    let vgg = plan("vgg19", 224, 1, &lavapipe());
    let chunks = bytes(&vgg, "classifier.0");
    let weights = 4 * (25_088 * 4096 + 4096);
    let expected = chunks.len() as u64 * 4 * 25_088 + 4 * 4096 + weights;
    assert!(chunks.len() > 1);
    assert!(chunks.iter().sum::<u64>().abs_diff(expected) < chunks.len() as u64);
}

/// The candidates that each kind of device chooses without tuning, and the reasons.
#[test]
fn choices_snapshot() {
    use DeviceClass::*;
    let device = |class, vendor, subgroup| DeviceProfile {
        class,
        vendor,
        subgroup,
        workgroup_bytes: 32_768,
        invocations: 1024,
        ..Default::default()
    };
    let mut text = String::new();
    for (name, profile) in [
        ("discrete", device(Discrete, Vendor::Nvidia, 32)),
        ("discrete, AMD", device(Discrete, Vendor::Amd, 0)),
        ("integrated", device(Integrated, Vendor::Intel, 0)),
        ("integrated, Apple", device(Integrated, Vendor::Apple, 32)),
        ("mobile, subgroups of 16", device(Mobile, Vendor::Arm, 16)),
        ("mobile", device(Mobile, Vendor::Qualcomm, 0)),
        ("software", lavapipe()),
    ] {
        text += &format!("{name}: {}\n", profile.cost_model().why);
        for (network, batch) in [("resnet18", 1), ("resnet50", 1), ("resnet50", 16)] {
            text += &format!("  {network}, batch {batch}\n");
            for shape in conv_shapes(&lowered(network, 224), batch) {
                let chosen =
                    selected_candidate(&shape.problem, &profile, &PlanOptions::default()).unwrap();
                let layer = format!("{} ({})", shape.layers[0], shape.layers.len());
                text += &format!("    {layer:26} {}\n", chosen.name);
            }
        }
    }
    insta::assert_snapshot!(text);
}
