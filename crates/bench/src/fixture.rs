//! Invented results for tests. The tests in `tests/` include this file, too.

// Each including test crate uses only a part of these functions.
#![allow(dead_code)]

use std::collections::BTreeMap;

use super::{
    Check, Clock, CooperativePeak, Device, Host, Limits, Memory, MissingFigure, Peaks, Power,
    Profile, Repetitions, Report, Roofline, Row, SCHEMA_VERSION, Scenario, Startup, Startups,
    Stats, Status, StepTime, Verification, Work,
};

/// Returns a result with these rows on one device.
pub fn report(rows: Vec<Row>) -> Report {
    Report {
        schema_version: SCHEMA_VERSION,
        created: "2026-03-01T12:00:00Z".into(),
        command: "resnet bench --model resnet50 --json".into(),
        crate_version: "0.1.0".into(),
        wgpu_version: "30.0.0".into(),
        repetitions: Repetitions {
            seconds: 5.0,
            at_least: 3,
            at_most: 5000,
        },
        host: Host {
            os: "Debian 13".into(),
            kernel: "6.12.0".into(),
            cpu: "Some Processor".into(),
            cpus: 16,
            memory_bytes: 128 << 30,
            power: Power::Mains,
        },
        devices: vec![device("Some GPU 9000")],
        rows,
    }
}

/// Returns a device without peaks.
pub fn device(name: &str) -> Device {
    Device {
        name: name.into(),
        vendor: "Some Vendor".into(),
        vendor_id: 0x1234,
        device_id: 0x5678,
        driver: "somedrv".into(),
        driver_info: "1.2.3".into(),
        backend: "Vulkan".into(),
        kind: "discrete".into(),
        subgroup_sizes: [32, 32],
        limits: Limits {
            max_buffer_size: 4 << 30,
            max_storage_buffer_binding_size: 2 << 30,
            max_storage_buffers_per_shader_stage: 16,
            max_compute_workgroup_storage_size: 48 << 10,
            max_compute_invocations_per_workgroup: 1024,
            max_compute_workgroups_per_dimension: 65_535,
        },
        features: vec!["SUBGROUP".into(), "TIMESTAMP_QUERY".into()],
        warnings: vec![],
        peaks: None,
    }
}

/// Returns peaks of all kinds.
pub fn peaks() -> Peaks {
    Peaks {
        clock: Clock::Timestamps,
        fma_f32_gflops: 40_000.0,
        fma_f16_gflops: Some(80_000.0),
        cooperative_matrix: vec![CooperativePeak {
            shape: [16, 16, 16],
            operands: "f16".into(),
            accumulator: "f32".into(),
            gflops: 300_000.0,
        }],
        memory_gbytes_per_second: 3000.0,
        memory_buffer_bytes: 1 << 30,
        dispatch_us: 1.5,
        round_trip_us: 20.0,
        upload_gbytes_per_second: 12.0,
        readback_gbytes_per_second: 11.0,
        not_measured: vec![MissingFigure {
            what: "cooperative_matrix".into(),
            why: "the driver lost the device".into(),
        }],
    }
}

/// Returns the work of a ResNet-50, with `model` as its name.
pub fn work(model: &str, batch_size: usize) -> Work {
    Work {
        model: model.into(),
        weights: "seed 0".into(),
        parameters: 25_557_032,
        macs: 4_089_184_256,
        batch_size,
        input_size: 224,
        precision: "f32".into(),
        scenario: Scenario::Latency,
    }
}

/// Returns a row that passed verification, with its times.
pub fn row(work: Work, samples_ms: &[f64]) -> Row {
    let stats = |part: f64| Stats::of(samples_ms.iter().map(|ms| part * ms).collect());
    let end_to_end = stats(1.0);
    let per_second = end_to_end
        .as_ref()
        .map(|s| 1000.0 * work.batch_size as f64 / s.median);
    Row {
        device: Some(0),
        device_asked: "auto".into(),
        in_flight: 1,
        status: Status::Ok,
        error: None,
        warnings: vec![],
        verification: Some(passed_verification()),
        startup: Startups::default(),
        encode: stats(0.125),
        gpu: stats(0.75),
        gpu_clock: Some(Clock::Timestamps),
        gflops: per_second.map(|n| n * 2e-9 * work.macs as f64),
        images_per_second: per_second,
        end_to_end,
        roofline: None,
        memory: None,
        kernels: BTreeMap::from([("conv_tile".into(), 53), ("linear".into(), 1)]),
        kernels_by: Some("rules".into()),
        profile: None,
        work,
    }
}

/// Returns a verification in which all 8 images are right.
pub fn passed_verification() -> Verification {
    Verification {
        passed: true,
        deterministic: Some(true),
        tolerance: 1e-4,
        images: 8,
        before: Check {
            relative_error: Some(4e-7),
            top1_equal: 8,
        },
        after: Some(Check {
            relative_error: Some(3e-7),
            top1_equal: 8,
        }),
    }
}

/// Returns a verification in which 5 of 8 images are right.
pub fn failed_verification() -> Verification {
    Verification {
        passed: false,
        deterministic: None,
        tolerance: 1e-4,
        images: 8,
        before: Check {
            relative_error: Some(0.31),
            top1_equal: 5,
        },
        after: None,
    }
}

/// Returns a row with wrong outputs.
pub fn failed(work: Work) -> Row {
    Row {
        status: Status::FailedVerification,
        verification: Some(failed_verification()),
        ..without_times(work)
    }
}

/// Returns a row that could not be run.
pub fn broken(work: Work, error: &str) -> Row {
    Row {
        status: Status::Error,
        error: Some(error.into()),
        ..without_times(work)
    }
}

fn without_times(work: Work) -> Row {
    Row {
        verification: None,
        kernels: BTreeMap::new(),
        kernels_by: None,
        images_per_second: None,
        gflops: None,
        gpu_clock: None,
        ..row(work, &[])
    }
}

/// Returns one start-up, with all times scaled by `factor`.
pub fn startup(factor: f64) -> Startup {
    Startup {
        device_ms: 30.0 * factor,
        load_ms: 50.0 * factor,
        plan_ms: 5.0 * factor,
        pipelines_ms: 200.0 * factor,
        upload_ms: 20.0 * factor,
        first_inference_ms: 15.0 * factor,
        total_ms: 320.0 * factor,
    }
}

/// Returns a result in which every field is set and every status occurs. The rows are on two
/// devices and a third device that could not be opened.
pub fn full() -> Report {
    let whole = |mut row: Row| {
        row.startup = Startups {
            cold: Some(startup(4.0)),
            warm: Some(startup(1.0)),
        };
        row.roofline = Some(Roofline {
            ceiling_ms: 2.5,
            percent: 31.25,
        });
        row.memory = Some(Memory {
            activation_bytes: 96 << 20,
            weight_bytes: 102 << 20,
            other_bytes: 2 << 20,
            device_bytes: 200 << 20,
            process_peak_bytes: Some(700 << 20),
        });
        row.profile = Some(Profile {
            clock: Clock::Timestamps,
            repetitions: 20,
            total_ms: 7.75,
            steps: vec![StepTime {
                layer: "conv1".into(),
                kernel: "conv_tile".into(),
                output: [64, 112, 112],
                macs: 118_013_952,
                bytes: 3_850_000,
                ms: 0.25,
                share: 3.25,
                gflops: 944.0,
                gbytes_per_second: 15.4,
                ceiling_ms: Some(0.006),
                roofline_percent: Some(2.4),
            }],
        });
        row
    };
    let mut throughput = work("resnet50", 8);
    throughput.scenario = Scenario::Throughput;
    let mut rows = vec![
        whole(row(work("resnet50", 1), &[10.5, 10.0, 10.25, 11.0, 10.125])),
        whole(row(work("resnet50", 8), &[61.0, 60.0, 62.5, 60.5, 60.25])),
        whole(row(throughput, &[48.0, 47.5, 48.25])),
        failed(work("resnet152", 1)),
    ];
    for (r, slower) in rows.clone().into_iter().zip([20.0, 21.0, 22.0, 23.0]) {
        let samples = r.end_to_end.as_ref().map_or(vec![], |s| s.samples.clone());
        let samples: Vec<f64> = samples.iter().map(|ms| slower * ms).collect();
        let mut other = match r.status {
            Status::Ok => row(r.work, &samples),
            _ => broken(r.work, "out of memory: a buffer of 2 GiB"),
        };
        other.device = Some(1);
        other.device_asked = "llvmpipe".into();
        other.gpu_clock = other.gpu_clock.map(|_| Clock::Wall);
        rows.push(other);
    }
    let mut unopened = broken(work("resnet50", 1), "no device `imaginary`");
    unopened.device = None;
    unopened.device_asked = "imaginary".into();
    rows.push(unopened);
    let mut report = report(rows);
    report.devices[0].peaks = Some(peaks());
    let mut software = device("llvmpipe (LLVM 19.1.7, 256 bits)");
    software.kind = "software".into();
    software.driver = "llvmpipe".into();
    software.warnings = vec!["a software adapter: the CPU computes".into()];
    report.devices.push(software);
    report
}
