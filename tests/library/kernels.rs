//! Tests of every candidate, and so of every kernel variant, against the CPU reference on random
//! shapes and on every adapter of this machine. `resnet verify --kernels` runs the same checks.

use resnet_wgpu::low_level::gpu::Executable;
use resnet_wgpu::low_level::gpu::{Clock, SpanKind};
use resnet_wgpu::low_level::graph::{Bias, Graph, GraphBuilder, Shape, Window};
use resnet_wgpu::low_level::kernels::{
    Candidate, Kernel, Scalar, Storage, candidate, candidates, find,
};
use resnet_wgpu::low_level::passes::lower;
use resnet_wgpu::low_level::plan::{DeviceProfile, Plan, PlanOptions};
use resnet_wgpu::low_level::reference;
use resnet_wgpu::low_level::tensor::{Params, padded};
use resnet_wgpu::low_level::verify::{self, Difference, TOLERANCE_F32};
use resnet_wgpu::low_level::weights::synthetic_tensor;
use resnet_wgpu::low_level::with_storage;
use resnet_wgpu::{
    DeviceSelector, Gpu, GpuOptions, KernelChoice, Model, Network, PipelineOptions, Precision,
    Session, SessionOptions, Tensor, adapters,
};

use crate::support::device;

const SEED: u64 = 20_261_120;
/// The number of random problems for each candidate. The full number is used if the test is about
/// the kernels themselves, and the small number if it is about a storage, a driver, checks or
/// limits.
const CASES: usize = 40;
const FEW_CASES: usize = 4;

/// Returns `FEW_CASES`, or `CASES` under `scripts/test-all`.
fn few_cases() -> usize {
    if device::all() { CASES } else { FEW_CASES }
}

/// Returns the candidates that serve a precision.
fn serving(precision: Scalar) -> impl Iterator<Item = Candidate> {
    candidates().filter(move |candidate| candidate.serves(precision))
}

/// Returns the names of the candidates that ran, and asserts that each was within tolerance.
fn verified(gpu: &Gpu, precision: Scalar, cases: usize) -> Vec<&'static str> {
    let reports = verify::kernels(gpu, precision, SEED, cases, |_| {}).unwrap();
    assert_eq!(reports.len(), serving(precision).count());
    for report in &reports {
        assert!(
            report.worst.within(report.tolerance),
            "{} in {precision:?} on {}, {:?}: {:.2e} in {}",
            report.kernel,
            gpu.describe(),
            gpu.profile().storage,
            report.worst.relative(),
            report.worst_case
        );
    }
    let ran = reports.iter().filter(|r| r.cases > 0);
    ran.map(|r| r.kernel).collect()
}

/// Runs all cases on one adapter with values in buffers, in f32 and f16.
#[test]
fn all_kernels_in_full() {
    let gpu = with_storage(&device::gpu(), Storage::Buffers);
    all_kernels(&gpu, Scalar::F32, CASES);
    if gpu.profile().f16 {
        all_kernels(&gpu, Scalar::F16, CASES);
    }
}

#[test]
fn all_kernels_on_all_adapters() {
    for gpu in device::gpus() {
        all_kernels(&gpu, Scalar::F32, few_cases());
        if gpu.profile().f16 {
            all_kernels(&gpu, Scalar::F16, few_cases())
        } else {
            // Some devices lack f16, such as OpenGL here, and old hardware.
            let error = verify::kernels(&gpu, Scalar::F16, SEED, 1, |_| {});
            let error = error.unwrap_err().to_string();
            assert!(error.contains("SHADER_F16"), "{error}");
        }
    }
}

fn all_kernels(gpu: &Gpu, precision: Scalar, cases: usize) {
    let ran = verified(gpu, precision, cases);
    for candidate in serving(precision) {
        let expected = gpu.profile().runs_all(&candidate);
        assert_eq!(
            ran.contains(&candidate.name),
            expected,
            "{}",
            candidate.name
        );
        // Every device has all kernels except those for subgroups of other sizes and for
        // cooperative matrices.
        let special = |k: &&Kernel| k.requirements().subgroup > 0;
        if !candidate.kernels().iter().any(special) {
            assert!(expected, "{} on {}", candidate.name, gpu.describe());
        }
    }
}

/// Runs all kernels with every access checked. A kernel that read or wrote outside a value would
/// give another result here. The checks are naga's and the same on every adapter, so the default
/// adapter suffices; `scripts/test-all` includes the others.
#[test]
fn all_kernels_checked() {
    let most = if device::all() { usize::MAX } else { 1 };
    for adapter in adapters().into_iter().take(most) {
        let checked = Gpu::new(GpuOptions {
            pipelines: PipelineOptions {
                checked: true,
                ..PipelineOptions::default()
            },
            ..DeviceSelector::Index(adapter.index).into()
        });
        let checked = checked.unwrap();
        assert!(checked.checked());
        for precision in [Scalar::F32, Scalar::F16] {
            if precision == Scalar::F32 || checked.profile().f16 {
                let runs = serving(precision).filter(|c| checked.profile().runs_all(c));
                assert_eq!(
                    verified(&checked, precision, few_cases()).len(),
                    runs.count()
                );
            }
        }
    }
}

/// Runs a graph with random weights as planned for `profile`. Compares the whole output with the
/// reference, including the zeros of the last channel quad.
fn plan_and_run(gpu: &Gpu, profile: &DeviceProfile, graph: &Graph, batch: usize) -> Plan {
    let mut params = Params::new();
    for spec in graph.params() {
        let data = synthetic_tensor(&spec.name, &spec.shape, 0, 1.0);
        params.insert(spec.name, Tensor::new(spec.shape, data).unwrap());
    }
    let s = graph.input_shape();
    let shape = vec![batch, s.h, s.w, s.c];
    let data = synthetic_tensor("input", &shape, 0, 1.0);
    let input = Tensor::new(shape, data).unwrap();
    let expected = padded(&reference::run(graph, &params, &input, &[]).unwrap().output);

    let lowered = lower(graph, &params, &[]).unwrap();
    let plan = Plan::new(&lowered, batch, profile, &[], &PlanOptions::default()).unwrap();
    let engine = Executable::isolated(gpu, plan.clone(), &lowered.params).unwrap();
    let check = |_, found: &[f32]| {
        let d = Difference::between(found, &expected);
        assert!(d.within(TOLERANCE_F32), "{:.2e}", d.relative());
    };
    engine.run(&padded(&input), check).unwrap();
    plan
}

/// Tests WebGPU's default limits without subgroups, and smaller limits. The test simulates such
/// devices by requesting no more than these limits. The smaller limits allow so few workgroups in
/// one dimension that larger dispatches need two dimensions.
#[test]
fn small_limits() {
    let webgpu = wgpu::Limits::default();
    let small = wgpu::Limits {
        max_compute_invocations_per_workgroup: 128,
        max_compute_workgroup_storage_size: 8192,
        max_compute_workgroups_per_dimension: 64,
        ..wgpu::Limits::default()
    };
    for limits in [webgpu, small] {
        let gpu = Gpu::with_limits(&DeviceSelector::Auto, limits.clone()).unwrap();
        assert_eq!(gpu.profile().subgroup, 0);
        let ran = verified(&gpu, Scalar::F32, few_cases());
        assert!(ran.contains(&"conv.tiled.32x32"));
        let large = find("conv.tiled.128x128").unwrap();
        let fits = limits.max_compute_invocations_per_workgroup >= 256;
        assert_eq!(ran.contains(&large.name), fits);

        // Each pixel takes a workgroup: 1083 workgroups in 17 rows of 64, five more than needed.
        let mut g = GraphBuilder::new(Shape::new(19, 19, 7)).unwrap();
        let x = g.input();
        let softmax = g.softmax("softmax", x);
        let plan = plan_and_run(&gpu, gpu.profile(), &g.finish(softmax), 3);
        let wide = limits.max_compute_workgroups_per_dimension > 64;
        let expected = if wide { [1083, 1, 1] } else { [64, 17, 1] };
        assert_eq!(plan.steps[0].grid, expected);
    }
}

/// Compares a whole network layer by layer on devices without subgroups, timestamps and f16: one
/// with 16 KiB of workgroup memory, and one with 128 invocations.
#[test]
fn a_network_on_small_devices() {
    let model = Model::synthetic(Network::preset("resnet18").unwrap(), 0).unwrap();
    let sixteen_kib = wgpu::Limits::default();
    assert_eq!(sixteen_kib.max_compute_workgroup_storage_size, 16 << 10);
    let few_invocations = wgpu::Limits {
        max_compute_invocations_per_workgroup: 128,
        ..wgpu::Limits::default()
    };
    for limits in [sixteen_kib, few_invocations] {
        let gpu = Gpu::with_limits(&DeviceSelector::Auto, limits).unwrap();
        let lacking =
            wgpu::Features::SUBGROUP | wgpu::Features::TIMESTAMP_QUERY | wgpu::Features::SHADER_F16;
        assert!(!gpu.device().features().intersects(lacking));
        for storage in [Storage::Buffers, Storage::Textures] {
            let gpu = with_storage(&gpu, storage);
            let options = PlanOptions::default();
            let found = verify::network(&gpu, &model, 2, (40, 40), &options, |_, _| {}).unwrap();
            assert!(found.passed(Scalar::F32), "{storage:?}: {:?}", found.layers);
        }
        let options = SessionOptions {
            input_size: Some((40, 40)),
            precision: Precision::Auto,
            ..SessionOptions::default()
        };
        let session = Session::new(&gpu, &model, &options).unwrap();
        assert!(session.precision().why.is_some());
        let image = vec![0.5; session.input_len()];
        let timeline = session.timed_run(&image, SpanKind::Steps).unwrap().unwrap();
        assert_eq!(timeline.clock, Clock::Wall);
    }
}

/// Refuses a plan for subgroups that this device lacks, and a candidate that is not in the table.
/// Their kernels would read beyond their buffers.
#[test]
fn what_kernels_cannot_trust_does_not_reach_them() {
    let gpu = Gpu::with_limits(&DeviceSelector::Auto, wgpu::Limits::default()).unwrap();
    let mut g = GraphBuilder::new(Shape::new(9, 9, 16)).unwrap();
    let x = g.input();
    let y = g
        .conv("conv", x, 32, Window::new(3, 1, 1), 1, Bias::Absent)
        .unwrap();
    let graph = g.finish(y);
    let liar = DeviceProfile {
        subgroup: 8,
        ..gpu.profile().clone()
    };
    let mut params = Params::new();
    params.insert("conv.weight", Tensor::zeros([32, 16, 3, 3]));
    let lowered = lower(&graph, &params, &[]).unwrap();
    let prefer = |candidate| KernelChoice::Prefer(candidate).into();
    let shuffle = candidate("conv.shuffle8.32").unwrap();
    let plan = Plan::new(&lowered, 1, &liar, &[], &prefer(shuffle)).unwrap();
    let error = Executable::isolated(&gpu, plan, &lowered.params).unwrap_err();
    assert!(error.to_string().contains("subgroups of 8"), "{error}");

    let wide = Kernel {
        workgroup: 256,
        ..*find("conv.tiled.32x32").unwrap()
    };
    let wide: &'static Kernel = Box::leak(Box::new(wide));
    let plan = Plan::new(
        &lowered,
        1,
        gpu.profile(),
        &[],
        &prefer(Candidate::of(wide)),
    )
    .unwrap();
    assert!(plan.steps.iter().all(|step| step.kernel != wide));

    // These weights do not have the shape that the plan expects.
    let mut other = Params::new();
    other.insert("conv.weight", Tensor::zeros([32, 17, 3, 3]));
    let error = Executable::isolated(&gpu, plan, &other)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`conv.weight`") && error.contains("17"),
        "{error}"
    );
}

/// Refuses more images than the batch holds. The engine still runs a batch that fits.
#[test]
fn too_many_images() {
    let gpu = Gpu::new(DeviceSelector::Auto).unwrap();
    let mut g = GraphBuilder::new(Shape::new(3, 3, 4)).unwrap();
    let x = g.input();
    let y = g.relu("relu", x);
    let graph = g.finish(y);
    let lowered = lower(&graph, &Params::new(), &[]).unwrap();
    let plan = Plan::new(&lowered, 2, gpu.profile(), &[], &PlanOptions::default()).unwrap();
    let engine = Executable::isolated(&gpu, plan, &lowered.params).unwrap();
    let images = vec![0.5; 3 * 36];
    for _ in 0..2 {
        let error = engine.run(&images, |_, _| {}).unwrap_err().to_string();
        assert!(
            error.contains("288 bytes") && error.contains("432"),
            "{error}"
        );
        engine
            .run(&images[..72], |_, found| assert_eq!(found, &images[..72]))
            .unwrap();
    }
}

/// Builds a value that fills the largest number of rows of a texture, which is a power of two.
#[test]
fn a_texture_of_all_rows() {
    let limits = wgpu::Limits::default();
    let most = limits.max_texture_dimension_2d;
    let gpu = Gpu::with_limits(&DeviceSelector::Auto, limits).unwrap();
    let gpu = with_storage(&gpu, Storage::Textures);
    let mut g = GraphBuilder::new(Shape::new(1024, most as usize, 1)).unwrap();
    let x = g.input();
    let y = g.global_avg_pool("avgpool", x);
    let graph = g.finish(y);
    let lowered = lower(&graph, &Params::new(), &[]).unwrap();
    let profile = DeviceProfile {
        max_binding: u64::MAX,
        ..gpu.profile().clone()
    };
    let plan = Plan::new(&lowered, 1, &profile, &[], &PlanOptions::default()).unwrap();
    Executable::isolated(&gpu, plan, &lowered.params).unwrap();
}

/// Splits layers whose weights are larger than a binding, as VGG's are on many devices. Each chunk
/// finds its own bias, its part of the residual and its place in the output. This includes the last
/// chunk, which has two features.
#[test]
fn linear_layers_in_chunks() {
    let gpu = Gpu::new(DeviceSelector::Auto).unwrap();
    let profile = DeviceProfile {
        max_binding: 64 << 10,
        ..gpu.profile().clone()
    };
    let mut g = GraphBuilder::new(Shape::new(1, 1, 300)).unwrap();
    let x = g.input();
    let residual = g.linear("fc1", x, 130).unwrap();
    let y = g.linear("fc2", x, 130).unwrap();
    let y = g.add("add", y, residual).unwrap();
    let y = g.relu("relu", y);
    let plan = plan_and_run(&gpu, &profile, &g.finish(y), 3);
    for layer in ["fc1", "fc2"] {
        let chunks = plan.steps.iter().filter(|s| s.name == layer);
        assert_eq!(chunks.count(), 5, "{layer}");
    }
}

/// A device that cannot bind the resources of every kernel gets a clear error instead of a panic.
#[test]
fn limits_that_are_too_small() {
    let limits = wgpu::Limits {
        max_storage_buffers_per_shader_stage: 4,
        ..wgpu::Limits::default()
    };
    let gpu = Gpu::with_limits(&DeviceSelector::Auto, limits).unwrap();
    let gpu = with_storage(&gpu, Storage::Buffers);
    let model = Model::embedded().unwrap();
    let err = Session::new(&gpu, &model, &SessionOptions::default()).unwrap_err();
    let err = err.to_string();
    assert!(
        err.contains("4 storage buffers") && err.contains("or the CPU"),
        "{err}"
    );
}
