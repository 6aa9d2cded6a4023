//! Tests of measured rows: correct results, wrong results, and the relations between their figures.

#[path = "../../../tests/library/support/scaled.rs"]
mod scaled;

use resnet_wgpu::low_level::kernels::Scalar;
use resnet_wgpu::{DeviceSelector, Gpu, KernelChoice, adapters};
use resnet_wgpu_bench::report::text;
use resnet_wgpu_bench::{
    Case, Host, Power, RepetitionLimits, Report, Row, SCHEMA_VERSION, Scenario, Source, Status,
    measure_on,
};
use scaled::scaled;

fn case(batch_size: usize, scenario: Scenario) -> Case {
    Case {
        precision: Scalar::F32,
        source: Source::Preset("resnet20".into()),
        batch_size,
        input_size: None,
        scenario,
        tolerance: None,
    }
}

fn row(gpu: &Gpu, case: &Case, choice: &KernelChoice, repetitions: usize) -> Row {
    let model = case.source.load().unwrap();
    measure_on(
        gpu,
        &model,
        case,
        choice,
        &RepetitionLimits::exactly(repetitions),
    )
    .unwrap()
}

fn assert_near(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
}

#[test]
fn a_correct_network_is_measured_on_every_adapter() {
    let adapters = adapters();
    assert!(!adapters.is_empty(), "no adapter: run ./scripts/test");
    for adapter in adapters {
        let gpu = Gpu::new(DeviceSelector::Index(adapter.index)).unwrap();
        let row = row(&gpu, &case(3, Scenario::Latency), &KernelChoice::Auto, 5);
        assert_eq!((row.status, &row.error), (Status::Ok, &None));
        let v = row.verification.as_ref().unwrap();
        assert!(v.passed && v.deterministic == Some(true), "{v:?}");
        assert_eq!((v.images, v.checks().count()), (3, 2));
        assert!(v.checks().all(|check| check.top1_equal == 3), "{v:?}");
        assert!(v.worst_error().unwrap() < 1e-5, "{v:?}");
        let wall = row.end_to_end.as_ref().unwrap();
        assert_eq!(wall.samples.len(), 5);
        assert_near(row.images_per_second.unwrap(), 3e3 / wall.median);
        let flops = 2.0 * 40_551_040.0 * 3.0;
        assert_eq!(row.work.macs, 40_551_040);
        assert_near(row.gflops.unwrap(), flops / (wall.median * 1e6));
        // The encoding on the host is a part of the end-to-end time.
        assert!(row.encode.as_ref().unwrap().median <= wall.max);
        let memory = row.memory.as_ref().unwrap();
        let parts = memory.activation_bytes + memory.weight_bytes + memory.other_bytes;
        assert_eq!(memory.device_bytes, parts);
        assert!(memory.weight_bytes > 4 * row.work.parameters);
        let profile = row.profile.as_ref().unwrap();
        assert_eq!(profile.steps.len(), row.kernels.values().sum::<usize>());
        let macs: u64 = profile.steps.iter().map(|s| s.macs).sum();
        // Winograd does at most four times fewer multiplications than the network has.
        assert!(macs <= 3 * row.work.macs && 4 * macs > 3 * row.work.macs);
        assert_near(profile.steps.iter().map(|s| s.share).sum(), 100.0);
        // Two clocks measure the same runs. The bounds are wide for a busy machine.
        let gpu = row.gpu.as_ref().unwrap();
        assert!(gpu.min < 2.0 * wall.max, "{gpu:?} {wall:?}");
        assert!(gpu.max > 0.2 * wall.min, "{gpu:?} {wall:?}");
    }
}

#[test]
fn throughput_keeps_batches_separate() {
    let gpu = Gpu::new(DeviceSelector::Auto).unwrap();
    for batch in [1, 4] {
        let row = row(
            &gpu,
            &case(batch, Scenario::Throughput),
            &KernelChoice::Auto,
            9,
        );
        assert_eq!(row.status, Status::Ok, "{:?}", row.error);
        assert_eq!(row.in_flight, 3);
        assert_eq!(row.verification.unwrap().after.unwrap().top1_equal, batch);
        assert_eq!(row.end_to_end.unwrap().samples.len(), 9);
    }
}

/// Returns a report of this row alone.
fn report(row: Row) -> Report {
    Report {
        schema_version: SCHEMA_VERSION,
        created: "2026-01-01T00:00:00Z".into(),
        command: "a test".into(),
        crate_version: "0".into(),
        wgpu_version: "0".into(),
        repetitions: RepetitionLimits::exactly(3).repetitions(),
        host: Host {
            os: "an OS".into(),
            kernel: "1".into(),
            cpu: "a processor".into(),
            cpus: 1,
            memory_bytes: 1 << 30,
            power: Power::Unknown,
        },
        devices: vec![],
        rows: vec![row],
    }
}

/// A tolerance of 0 makes every result wrong.
#[test]
fn a_wrong_result_has_no_speed() {
    let case = Case {
        tolerance: Some(0.0),
        ..case(2, Scenario::Latency)
    };
    for adapter in adapters() {
        let gpu = Gpu::new(DeviceSelector::Index(adapter.index)).unwrap();
        assert_failed(&row(&gpu, &case, &KernelChoice::Auto, 3));
    }
}

/// A layer's values overflow in f16, so its result is wrong.
#[test]
fn an_overflow_has_no_speed() {
    let halves = adapters().into_iter().filter_map(|adapter| {
        let gpu = Gpu::new(DeviceSelector::Index(adapter.index)).unwrap();
        gpu.profile().f16.then_some(gpu)
    });
    for gpu in halves {
        assert_overflow_has_no_speed(&gpu);
    }
}

fn assert_overflow_has_no_speed(gpu: &Gpu) {
    let model = scaled(&[("layer2.1.bn1.weight", 1e6), ("layer2.1.bn1.bias", 1e6)]);
    let case = Case {
        precision: Scalar::F16,
        ..case(2, Scenario::Latency)
    };
    assert_failed(
        &measure_on(
            gpu,
            &model,
            &case,
            &KernelChoice::Auto,
            &RepetitionLimits::exactly(3),
        )
        .unwrap(),
    );
}

fn assert_failed(row: &Row) {
    assert_eq!(row.status, Status::FailedVerification);
    let v = row.verification.as_ref().unwrap();
    assert!(!v.passed && v.worst_error().is_none_or(|e| e > v.tolerance));
    assert_eq!((&v.after, v.deterministic), (&None, None));
    let shown = text::table(&report(row.clone()));
    let line = shown
        .lines()
        .find(|line| line.starts_with("FAILED: resnet20"));
    assert!(line.unwrap().contains("first class right in "), "{shown}");
    assert!(!line.unwrap().contains("after it"), "{shown}");
    assert_eq!(row.end_to_end, None);
    assert!(row.gpu.is_none() && row.encode.is_none() && row.profile.is_none());
    assert_eq!((row.images_per_second, row.gflops), (None, None));
}
