//! Results of devices that do not exist: real plans, with times that follow from invented peaks.

use std::collections::BTreeMap;

use resnet_wgpu::low_level::passes::lower;
use resnet_wgpu::low_level::plan::{DeviceClass, DeviceProfile, Plan, PlanOptions};
use resnet_wgpu::low_level::tensor::Params;
use resnet_wgpu::{Network, Tensor};
use resnet_wgpu_bench::roofline::{gbytes_per_second, gflops};
use resnet_wgpu_bench::{
    Check, Clock, CooperativePeak, Device, Host, Limits, Memory, MissingFigure, Peaks, Power,
    Profile, Repetitions, Report, Row, SCHEMA_VERSION, Scenario, Startup, Startups, Stats, Status,
    StepTime, Verification, Work,
};

/// Reproducible random numbers in 0..1.
pub struct Noise(u64);

impl Noise {
    pub fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as f64 / (1u64 << 31) as f64
    }
}

pub fn peaks(fma: f64, memory: f64) -> Peaks {
    Peaks {
        clock: Clock::Timestamps,
        fma_f32_gflops: fma,
        fma_f16_gflops: Some(1.93 * fma),
        cooperative_matrix: vec![CooperativePeak {
            shape: [16, 16, 16],
            operands: "f16".into(),
            accumulator: "f32".into(),
            gflops: 6.1 * fma,
        }],
        memory_gbytes_per_second: memory,
        memory_buffer_bytes: 1 << 30,
        dispatch_us: 1.84,
        round_trip_us: 31.7,
        upload_gbytes_per_second: 11.3,
        readback_gbytes_per_second: 9.8,
        not_measured: vec![MissingFigure {
            what: "cooperative_matrix 8×8×8".into(),
            why: "the adapter does not offer it".into(),
        }],
    }
}

pub fn device(name: &str, peaks: Option<Peaks>) -> Device {
    Device {
        name: name.into(),
        vendor: "NVIDIA".into(),
        vendor_id: 0x10de,
        device_id: 0x2335,
        driver: "NVIDIA".into(),
        driver_info: "570.86.15".into(),
        backend: "Vulkan".into(),
        kind: "discrete".into(),
        subgroup_sizes: [32, 32],
        limits: Limits {
            max_buffer_size: 1 << 31,
            max_storage_buffer_binding_size: (1 << 31) - 4,
            max_storage_buffers_per_shader_stage: 32,
            max_compute_workgroup_storage_size: 49_152,
            max_compute_invocations_per_workgroup: 1024,
            max_compute_workgroups_per_dimension: 65_535,
        },
        features: vec!["TIMESTAMP_QUERY".into(), "SUBGROUP".into()],
        warnings: vec![],
        peaks,
    }
}

pub fn report(devices: Vec<Device>, rows: Vec<Row>) -> Report {
    Report {
        schema_version: SCHEMA_VERSION,
        created: "2026-11-21T02:30:00Z".into(),
        command: "resnet bench --model resnet18,resnet50 --batch-size 1,8 --peaks".into(),
        crate_version: "0.1.0".into(),
        wgpu_version: "30.0.0".into(),
        repetitions: Repetitions {
            seconds: 5.0,
            at_least: 3,
            at_most: 5000,
        },
        host: Host {
            os: "Linux (Debian GNU/Linux 12)".into(),
            kernel: "6.1.0-32-amd64".into(),
            cpu: "AMD EPYC 9554 64-Core Processor".into(),
            cpus: 16,
            memory_bytes: 137_438_953_472,
            power: Power::Unknown,
        },
        devices,
        rows,
    }
}

/// Returns a measured row. Its steps take the times that the peaks allow, and more.
pub fn row(device: usize, peaks: &Peaks, model: &str, batch: usize, samples: usize) -> Row {
    let mut noise = Noise(batch as u64 * 31 + model.len() as u64 + peaks.fma_f32_gflops as u64);
    let network = Network::preset(model).unwrap();
    let size = network.native_size();
    let graph = network.graph(size, size).unwrap();
    let mut params = Params::new();
    for spec in graph.params() {
        params.insert(spec.name, Tensor::from_fn(spec.shape, |_| 1.0));
    }
    let lowered = lower(&graph, &params, &[]).unwrap();
    let gpu = DeviceProfile {
        class: DeviceClass::Discrete,
        subgroup: 32,
        ..Default::default()
    };
    let plan = Plan::new(&lowered, batch, &gpu, &[], &PlanOptions::default()).unwrap();
    let (fma, memory) = (peaks.fma_f32_gflops, peaks.memory_gbytes_per_second);
    let mut kernels = BTreeMap::new();
    let steps = plan.steps.iter().map(|step| {
        *kernels.entry(step.kernel.name.to_owned()).or_default() += 1;
        let compute = 2.0 * step.macs as f64 / (fma * 1e6);
        let traffic = step.bytes as f64 / (memory * 1e6);
        let ms = compute / (0.35 + 0.4 * noise.next()) + traffic * (0.6 + 0.7 * noise.next());
        let ms = ms + peaks.dispatch_us / 1e3;
        StepTime {
            layer: step.name.clone(),
            kernel: step.kernel.name.into(),
            output: [step.output.c, step.output.h, step.output.w],
            macs: step.macs,
            bytes: step.bytes,
            ms,
            share: 0.0,
            gflops: gflops(step.macs, ms),
            gbytes_per_second: gbytes_per_second(step.bytes, ms),
            ceiling_ms: None,
            roofline_percent: None,
        }
    });
    let mut steps: Vec<StepTime> = steps.collect();
    let total_ms: f64 = steps.iter().map(|step| step.ms).sum();
    for step in &mut steps {
        step.share = 100.0 * step.ms / total_ms;
    }
    let mut spread = |middle: f64, n: usize| {
        let sample = |i: usize| {
            let straggler = if i % 400 == 399 { 2.0 * middle } else { 0.0 };
            let (a, b) = (noise.next(), noise.next());
            middle * (0.98 + 0.05 * a * b + 0.01 * i as f64 / n as f64) + straggler
        };
        Stats::of((0..n).map(sample).collect()).unwrap()
    };
    let end_to_end = spread(total_ms * 1.05 + 0.09 + 0.06 * batch as f64, samples);
    let cost = graph.total_cost();
    let mut row = Row {
        device: Some(device),
        device_asked: format!("{device}"),
        work: Work {
            model: model.into(),
            weights: "a51b3c9e77d0f2e4".into(),
            parameters: cost.parameters,
            macs: cost.macs,
            batch_size: batch,
            input_size: size,
            precision: "f32".into(),
            scenario: Scenario::Latency,
        },
        status: Status::Ok,
        error: None,
        warnings: vec![],
        verification: Some(Verification {
            passed: true,
            deterministic: Some(true),
            tolerance: 1e-4,
            images: batch,
            before: Check {
                relative_error: Some(3.1e-7),
                top1_equal: batch,
            },
            after: Some(Check {
                relative_error: Some(3.4e-7),
                top1_equal: batch,
            }),
        }),
        startup: Startups {
            cold: Some(startup(3.1, cost.parameters)),
            warm: Some(startup(1.0, cost.parameters)),
        },
        images_per_second: Some(1e3 * batch as f64 / end_to_end.median),
        gflops: Some(gflops(cost.macs * batch as u64, end_to_end.median)),
        encode: Some(spread(0.08, samples)),
        gpu: Some(spread(total_ms * 0.97, 50)),
        end_to_end: Some(end_to_end),
        in_flight: 1,
        kernels_by: Some("rules".into()),
        gpu_clock: Some(Clock::Timestamps),
        roofline: None,
        memory: Some(Memory {
            activation_bytes: plan.activation_bytes(),
            weight_bytes: plan.weight_bytes(),
            other_bytes: 65_536,
            device_bytes: plan.activation_bytes() + plan.weight_bytes() + 65_536,
            process_peak_bytes: Some(812_000_000),
        }),
        kernels,
        profile: Some(Profile {
            clock: Clock::Timestamps,
            repetitions: 50,
            total_ms,
            steps,
        }),
    };
    row.set_ceilings(peaks);
    row
}

fn startup(cold: f64, parameters: u64) -> Startup {
    let millions = parameters as f64 / 1e6;
    let parts = [
        110.0 * cold.sqrt(),
        3.7 * millions,
        2.4,
        41.0 * cold,
        6.1 * millions,
        9.0 * cold * cold,
    ];
    Startup {
        device_ms: parts[0],
        load_ms: parts[1],
        plan_ms: parts[2],
        pipelines_ms: parts[3],
        upload_ms: parts[4],
        first_inference_ms: parts[5],
        total_ms: parts.iter().sum(),
    }
}
