//! Every kernel variant against the CPU twin on random shapes, on every
//! adapter of this machine: what `resnet verify --kernels` does.

use std::process::Command;

use resnet_wgpu::gpu::{DeviceSelector, Gpu, adapters};
use resnet_wgpu::kernels::{KERNELS, Tile, find};
use resnet_wgpu::verify::{self, TOLERANCE_F32};
use resnet_wgpu::{Model, Session, SessionOptions};

const SEED: u64 = 20_261_120;
const CASES: usize = 40;

/// Names of the kernels that ran, all of them within tolerance.
fn verified(gpu: &Gpu) -> Vec<&'static str> {
    let reports = verify::kernels(gpu, SEED, CASES, |_| {}).unwrap();
    assert_eq!(reports.len(), KERNELS.len());
    for report in &reports {
        assert!(
            report.worst.within(TOLERANCE_F32),
            "{} on {}: {:.2e} in {}",
            report.kernel,
            gpu.describe(),
            report.worst.relative(),
            report.worst_case
        );
    }
    let ran = reports.iter().filter(|r| r.cases > 0);
    ran.map(|r| r.kernel).collect()
}

#[test]
fn all_kernels_on_all_adapters() {
    let adapters = adapters();
    assert!(
        !adapters.is_empty(),
        "no adapter; ./scripts/test installs a software one"
    );
    for adapter in adapters {
        let gpu = Gpu::new(&DeviceSelector::Index(adapter.index)).unwrap();
        let ran = verified(&gpu);
        for kernel in KERNELS {
            let expected = gpu.profile().runs(kernel);
            assert_eq!(ran.contains(&kernel.name), expected, "{}", kernel.name);
            // Whatever the device, it has all kernels but those made for
            // other subgroup sizes.
            if !matches!(kernel.tile, Tile::Shuffle { .. }) {
                assert!(expected, "{} on {}", kernel.name, gpu.describe());
            }
        }
    }
}

/// WebGPU's default limits and no subgroups, and smaller ones yet: simulated
/// by asking for no more.
#[test]
fn small_limits() {
    let webgpu = wgpu::Limits::default();
    let small = wgpu::Limits {
        max_compute_invocations_per_workgroup: 128,
        max_compute_workgroup_storage_size: 8192,
        ..wgpu::Limits::default()
    };
    for limits in [webgpu, small] {
        let gpu = Gpu::with_limits(&DeviceSelector::Auto, limits.clone(), false).unwrap();
        assert_eq!(gpu.profile().subgroup, 0);
        let ran = verified(&gpu);
        assert!(ran.contains(&"conv.tiled.32x32"));
        let large = find("conv.tiled.128x128").unwrap();
        let fits = limits.max_compute_invocations_per_workgroup >= 256;
        assert_eq!(ran.contains(&large.name), fits);
    }
}

/// A device that cannot bind what every kernel needs gets an error that says
/// so, not a panic.
#[test]
fn limits_that_are_too_small() {
    let limits = wgpu::Limits {
        max_storage_buffers_per_shader_stage: 4,
        ..wgpu::Limits::default()
    };
    let gpu = Gpu::with_limits(&DeviceSelector::Auto, limits, false).unwrap();
    let model = Model::embedded().unwrap();
    let err = Session::new(&gpu, &model, &SessionOptions::default()).unwrap_err();
    let err = err.to_string();
    assert!(
        err.contains("4 storage buffers") && err.contains("--device cpu"),
        "{err}"
    );
}

/// lavapipe has subgroups of 16 when it is told to compute with 512 bits: the
/// kernels made for those are verified in a process of its own.
#[test]
fn subgroups_of_sixteen() {
    let output = Command::new(env!("CARGO_BIN_EXE_resnet"))
        .args(["verify", "--kernels", "--cases", "40", "--json"])
        .env("LP_NATIVE_VECTOR_WIDTH", "512")
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report:#}");
    // Elsewhere the variable means nothing, and the run is one of many.
    if report["device"].as_str().unwrap().contains("512 bits") {
        let kernels = report["kernels"].as_array().unwrap();
        let sixteen = (kernels.iter())
            .filter(|k| k["kernel"].as_str().unwrap().contains("shuffle16"))
            .filter(|k| k["cases"] == 40);
        assert_eq!(sixteen.count(), 2, "{report:#}");
    }
}
