//! Tests of the peaks of every adapter of this machine: the figures must be plausible.

use std::time::Duration;

use resnet_wgpu::wgpu;
use resnet_wgpu::{DeviceSelector, Gpu, adapters};
use resnet_wgpu_bench::{Clock, Peaks, peaks, peaks_on};

/// Asserts bounds that hold for any device, slow or fast.
fn assert_plausible(peaks: &Peaks, device: &str) {
    let figures = [
        ("FMA f32, GFLOP/s", peaks.fma_f32_gflops, 0.1..1e6),
        ("memory, GB/s", peaks.memory_gbytes_per_second, 0.1..1e5),
        ("dispatch, µs", peaks.dispatch_us, 0.01..1e4),
        ("round trip, µs", peaks.round_trip_us, 0.1..1e5),
        ("upload, GB/s", peaks.upload_gbytes_per_second, 0.01..1e4),
        (
            "readback, GB/s",
            peaks.readback_gbytes_per_second,
            0.01..1e4,
        ),
    ];
    for (what, figure, range) in figures {
        assert!(range.contains(&figure), "{what} on {device}: {figure}");
    }
    if let Some(f16) = peaks.fma_f16_gflops {
        // f16 may be emulated or several times faster than f32. The bounds only exclude absurd
        // ratios.
        let ratio = f16 / peaks.fma_f32_gflops;
        assert!((0.001..20.0).contains(&ratio), "f16 on {device}: {f16}");
    }
    // A dispatch among many costs less than a round trip. On a busy machine, though, the threads of
    // a software adapter may have to wait at each dispatch.
    assert!(peaks.dispatch_us < 100.0 * peaks.round_trip_us, "{device}");
    assert!(peaks.memory_buffer_bytes >= 16 << 20, "{device}");
    for product in &peaks.cooperative_matrix {
        assert!(product.gflops > 0.1, "{product:?} on {device}");
    }
}

#[test]
fn every_adapter_has_plausible_peaks() {
    assert!(!adapters().is_empty(), "no adapter: run ./scripts/test");
    for adapter in adapters() {
        let selector = DeviceSelector::Index(adapter.index);
        let mut progress = Vec::new();
        let peaks = peaks(&selector, Duration::from_secs(4), |what| {
            progress.push(what.to_owned());
        })
        .unwrap();
        let device = adapter.describe();
        println!(
            "{device}: {}",
            serde_json::to_string_pretty(&peaks).unwrap()
        );
        assert_plausible(&peaks, &device);
        let f16 = adapter.features.contains(wgpu::Features::SHADER_F16);
        assert_eq!(peaks.fma_f16_gflops.is_some(), f16, "{device}");
        let is_missing = |what: &str| peaks.not_measured.iter().any(|n| n.what == what);
        assert_eq!(is_missing("fma_f16_gflops"), !f16, "{device}");
        let feature = wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX;
        let cooperative = adapter.features.contains(feature);
        assert_eq!(is_missing("cooperative_matrix"), !cooperative, "{device}");
        for what in ["FMA f32", "memory", "dispatch", "cooperative matrices"] {
            assert!(progress.iter().any(|p| p == what), "{what} on {device}");
        }
    }
}

/// Measures a minimal WebGPU device: small workgroups and buffers, no features.
#[test]
fn a_device_with_small_limits_has_peaks() {
    let limits = wgpu::Limits {
        max_compute_invocations_per_workgroup: 64,
        max_compute_workgroup_size_x: 64,
        max_compute_workgroups_per_dimension: 1_000,
        max_storage_buffer_binding_size: 32 << 20,
        // The library requires at least this size, because values may be textures.
        max_texture_dimension_2d: 4096,
        ..wgpu::Limits::downlevel_defaults()
    };
    let gpu = Gpu::with_limits(&DeviceSelector::Auto, limits).unwrap();
    let peaks = peaks_on(&gpu, Duration::from_millis(100), |_| {}).unwrap();
    assert_plausible(&peaks, &gpu.describe());
    assert_eq!(peaks.clock, Clock::Wall);
    assert_eq!(peaks.fma_f16_gflops, None);
    assert_eq!(peaks.memory_buffer_bytes, 32 << 20);
}
