//! Tests of every preset's logits against PyTorch's, on the CPU path and on the GPU.
//!
//! `tests/goldens/make_networks.py` built each network in PyTorch with weights hashed from tensor
//! names, and wrote the logits. These tests pass the same weights through a checkpoint in PyTorch's
//! own names, recognition, loading, the passes, the plan and the device.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::support::device::{all, gpu};
use crate::support::goldens::{self, Case, Goldens};
use crate::support::host::host_device;
use resnet_wgpu::low_level::gpu::Executable;
use resnet_wgpu::low_level::graph::{Bias, GraphBuilder, Shape, Window};
use resnet_wgpu::low_level::models::{Norm, presets};
use resnet_wgpu::low_level::passes::lower;
use resnet_wgpu::low_level::plan::{Plan, PlanOptions};
use resnet_wgpu::low_level::reference;
use resnet_wgpu::low_level::tensor::{Params, padded};
use resnet_wgpu::low_level::verify::Difference;
use resnet_wgpu::low_level::weights::synthetic_tensor;
use resnet_wgpu::{
    Device, DeviceSelector, Gpu, Hints, Model, Network, Session, SessionOptions, Tensor, adapters,
};

const TOLERANCE: f64 = 1e-4;

/// Checks that the case's weights, recognised and loaded, give PyTorch's logits and layers on each
/// device. `None` stands for the CPU path.
fn check(goldens: &Goldens, case: &Case, devices: &[Option<&Gpu>]) {
    let name = &case.case;
    let model = case.model();
    assert_eq!(
        case.network.state_dict_fnv(&case.graph()),
        case.state_dict_fnv,
        "{name}: tensor names and shapes differ from PyTorch's"
    );
    for device in devices {
        check_model(goldens, case, &model, *device);
    }
}

fn check_model(goldens: &Goldens, case: &Case, model: &Model, gpu: Option<&Gpu>) {
    let (n, h, w) = case.input();
    let device = gpu.map_or("the CPU".into(), Gpu::describe);
    let name = format!("{} on {device}", case.case);
    let options = SessionOptions {
        batch: n,
        input_size: Some((h, w)),
        layers: case.layers.clone(),
        ..Default::default()
    };
    let session = match gpu {
        None => Session::new(Device::Cpu, model, &options),
        Some(gpu) => Session::new(gpu, model, &options),
    }
    .unwrap_or_else(|e| panic!("{name}: {e}"));
    let outputs = session
        .run(&case.images())
        .unwrap_or_else(|e| panic!("{name}: {e}"));
    let expected = goldens.tensor(&format!("{}/logits", case.case));
    let d = Difference::between(outputs.logits.data(), &expected);
    assert!(
        d.within(TOLERANCE),
        "{name}: {:.2e} of the largest logit",
        d.relative()
    );
    assert_eq!(outputs.layers.len(), case.layers.len());
    for (layer, value) in &outputs.layers {
        let expected = goldens.tensor(&format!("{}/{layer}", case.case));
        let d = Difference::between(value.nhwc_to_nchw().data(), &expected);
        assert!(
            d.within(TOLERANCE),
            "{name}, layer {layer}: {:.2e} of its largest value",
            d.relative()
        );
    }
}

/// Checks the selected cases; several tests share the presets, so that the test runner can spread
/// them. One network of each kind runs. The other networks run the same code with other numbers of
/// blocks and channels, so this function only compares their tensors with PyTorch's and plans them.
/// `scripts/test-all` runs every network.
fn check_all(select: impl Fn(&Case) -> bool) {
    let goldens = Goldens::read();
    let gpu = gpu();
    let mut kinds = BTreeSet::new();
    let mut submitted = 0;
    for case in goldens.cases.iter().filter(|c| select(c)) {
        // Cases with layers, sizes or options of their own test exactly these, so they always run.
        let own = case.case != case.preset && !case.case.starts_with("hf-");
        if kinds.insert(kind(case)) || own || all() {
            let before = gpu.submitted_runs();
            check(&goldens, case, &[None, Some(&gpu)]);
            assert!(gpu.submitted_runs() > before, "{} ran on no GPU", case.case);
            submitted += 1;
        } else {
            check_plan(case, &gpu);
        }
    }
    assert_eq!(submitted > 0, !kinds.is_empty());
    assert!(submitted > 0, "nothing was submitted to a GPU");
}

/// Returns the properties that decide which code a network runs: naming, block, stem, shortcut,
/// order, norm, stride placement, head, and whether its convolutions have groups.
fn kind(case: &Case) -> String {
    let net = &case.network;
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {}",
        net.naming,
        net.block,
        net.stem,
        net.shortcut,
        net.order,
        net.norm,
        net.stride_placement,
        net.head,
        net.groups > 1
    )
}

/// Checks that the network has PyTorch's tensors, and that its layers can be planned.
fn check_plan(case: &Case, gpu: &Gpu) {
    let graph = case.graph();
    assert_eq!(
        case.network.state_dict_fnv(&graph),
        case.state_dict_fnv,
        "{}: tensor names and shapes differ from PyTorch's",
        case.case
    );
    let params = case.network.synthetic_params(&graph, 0);
    let lowered = lower(&graph, &params, &[]).unwrap();
    let (batch, ..) = case.input();
    let plan = Plan::new(&lowered, batch, gpu.profile(), &[], &PlanOptions::default());
    let plan = plan.unwrap_or_else(|e| panic!("{}: {e}", case.case));
    assert!(plan.steps.len() >= case.network.blocks());
}

#[test]
fn torchvision_networks() {
    check_all(|c| c.naming == "torchvision" && !c.preset.starts_with("vgg"));
}

#[test]
fn vgg() {
    check_all(|c| c.preset.starts_with("vgg"));
}

#[test]
fn cifar_networks() {
    check_all(|c| c.naming == "akamaster");
}

#[test]
fn cifar_variants_of_the_imagenet_shape() {
    check_all(|c| c.naming == "kuangliu");
}

#[test]
fn pre_activation_networks() {
    check_all(|c| c.naming == "preact");
}

#[test]
fn timm_and_hugging_face() {
    check_all(|c| ["timm", "huggingface"].contains(&c.naming.as_str()));
}

#[test]
fn every_preset_has_a_golden() {
    let goldens = Goldens::read();
    for preset in presets() {
        let found = goldens.cases.iter().any(|c| c.preset == preset);
        assert!(found, "{preset} has no golden: add it to make_networks.py");
    }
    let known = [
        "torchvision",
        "akamaster",
        "kuangliu",
        "preact",
        "timm",
        "huggingface",
    ];
    for case in &goldens.cases {
        assert!(known.contains(&case.naming.as_str()), "{}", case.naming);
    }
}

/// Runs networks of every kind on weaker devices, since the best device here may have kernels that
/// others lack. The devices are one with WebGPU's default limits and no subgroups, which uses
/// workgroup memory, and each further adapter (with Mesa, its OpenGL).
#[test]
fn other_devices() {
    let limits = wgpu::Limits::default();
    let tiled = Gpu::with_limits(&DeviceSelector::Auto, limits).unwrap();
    assert_eq!(tiled.profile().subgroup, 0);
    let mut gpus = vec![tiled];
    for adapter in &adapters()[1..] {
        gpus.push(Gpu::new(DeviceSelector::Index(adapter.index)).unwrap());
    }
    let devices: Vec<_> = gpus.iter().map(Some).collect();
    let goldens = Goldens::read();
    for case in [
        "resnet18-layers",
        "preact-resnet50-layers",
        "resnext50-32x4d",
        "resnet20",
        "resnet50d",
    ] {
        check(&goldens, goldens.case(case), &devices);
    }
}

/// Checks a checkpoint whose batch norm was folded into the convolutions. Recognition finds it by
/// its biases, and the logits stay the same.
#[test]
fn batch_norm_folded_away() {
    let goldens = Goldens::read();
    let gpu = gpu();
    for name in ["resnet20", "resnet50"] {
        let case = goldens.case(name);
        let model = Model::load(&case.folded_checkpoint(), &Hints::default()).unwrap();
        let expected = Network {
            norm: Norm::Bias,
            ..case.network.clone()
        };
        assert_eq!(model.network(), &expected);
        for device in [None, Some(&gpu)] {
            check_model(&goldens, case, &model, device);
        }
    }
}

/// Checks that each image gives its own result in any batch: with more images than a batch, with
/// fewer, and with one image left over.
#[test]
fn batches_do_not_mix() {
    let goldens = Goldens::read();
    let case = goldens.case("resnet20");
    let model = case.model();
    let gpu = gpu();
    let images = goldens::seeded_images(7, 33, 29);
    let mut expected: Option<Vec<f32>> = None;
    for batch in [1, 3, 7, 16] {
        let options = SessionOptions {
            batch,
            input_size: Some((33, 29)),
            ..Default::default()
        };
        let session = Session::new(&gpu, &model, &options).unwrap();
        // The second run would show data that the first run left behind.
        session.run(&images).unwrap();
        let logits = session.run(&images).unwrap().logits.into_data();
        let expected = expected.get_or_insert_with(|| logits.clone());
        assert!(
            Difference::between(&logits, expected).within(1e-6),
            "batch {batch}"
        );
    }
}

/// Runs the network on an application's own device from other threads, in two sessions at once.
#[test]
fn sessions_share_a_device_across_threads() {
    let (adapter, device, queue) = host_device(&wgpu::DeviceDescriptor::default());
    let shared = Gpu::from_device(&adapter, device, queue).unwrap();
    let model = Model::embedded().unwrap();
    let images = goldens::seeded_images(2, 32, 32);
    let expected = {
        let session = Session::new(Device::Cpu, &model, &SessionOptions::default()).unwrap();
        session.run(&images).unwrap().logits
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let session = Session::new(&shared, &model, &SessionOptions::default()).unwrap();
            let (images, expected) = (&images, &expected);
            scope.spawn(move || {
                for _ in 0..5 {
                    let logits = session.run(images).unwrap().logits;
                    let d = Difference::between(logits.data(), expected.data());
                    assert!(d.within(TOLERANCE), "{:.2e}", d.relative());
                }
            });
        }
    });
}

/// Builds, plans and runs one bottleneck (256 channels at 320×320, inner width 64) as a graph of
/// its own. Each activation takes 105 MB.
#[test]
fn a_residual_block_alone() {
    let mut g = GraphBuilder::new(Shape::new(320, 320, 256)).unwrap();
    let x = g.input();
    let mut y = x;
    for (name, width, k) in [("conv1", 64, 1), ("conv2", 64, 3), ("conv3", 256, 1)] {
        y = g
            .conv(name, y, width, Window::new(k, 1, k / 2), 1, Bias::Absent)
            .unwrap();
        if name != "conv3" {
            y = g.relu(&format!("{name}.relu"), y);
        }
    }
    let y = g.add("add", y, x).unwrap();
    let y = g.relu("relu", y);
    let graph = g.finish(y);
    assert_eq!(graph.total_cost().parameters, 69_632);

    let mut params = Params::new();
    for spec in graph.params() {
        let data = synthetic_tensor(&spec.name, &spec.shape, 0, 1.0);
        params.insert(spec.name, Tensor::new(spec.shape, data).unwrap());
    }
    let data = synthetic_tensor("input", &[320, 320, 256], 0, 1.0);
    let image = Tensor::new([1, 320, 320, 256], data).unwrap();
    let expected = reference::run(&graph, &params, &image, &[]).unwrap().output;

    let gpu = gpu();
    let lowered = lower(&graph, &params, &[]).unwrap();
    let plan = Plan::new(&lowered, 1, gpu.profile(), &[], &PlanOptions::default()).unwrap();
    // After fusion, three layers remain. Each takes as many dispatches as its kernel needs.
    let layers: BTreeSet<usize> = plan.steps.iter().map(|step| step.node.0).collect();
    assert_eq!(layers.len(), 3);
    let engine = Executable::isolated(&gpu, plan, &lowered.params).unwrap();
    engine
        .run(image.data(), |_, found| {
            let d = Difference::between(found, expected.data());
            assert!(d.within(TOLERANCE), "{:.2e}", d.relative());
        })
        .unwrap();
}

/// Checks that a run in several submissions gives the result of a run in one submission.
#[test]
fn submissions_do_not_matter() {
    let gpu = gpu();
    let model = Model::embedded().unwrap();
    let graph = model.graph(32, 32).unwrap();
    let lowered = lower(&graph, model.params(), &[]).unwrap();
    let images = goldens::seeded_images(1, 32, 32);
    let padded = padded(&images);
    let run = |macs: u64, submissions: Range<usize>| {
        let plan = Plan::new(&lowered, 1, gpu.profile(), &[], &PlanOptions::default()).unwrap();
        assert_eq!(plan.submissions.len(), 1);
        let plan = plan.in_submissions(macs);
        assert!(submissions.contains(&plan.submissions.len()), "{plan}");
        let mut logits = vec![];
        let engine = Executable::isolated(&gpu, plan, &lowered.params).unwrap();
        engine
            .run(&padded, |_, data| logits = data.to_vec())
            .unwrap();
        logits
    };
    let whole = run(u64::MAX, 1..2);
    assert_eq!(run(3_000_000, 4..20), whole);
}
