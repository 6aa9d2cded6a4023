//! The peak rates of an adapter, measured by small kernels whose results are checked. These rates
//! are the ceilings with which a network's own times are compared.
//!
//! Each figure has a part of the time budget. Time that a figure leaves unused is not spent.
//! Ceilings are the best of several shapes and runs. Costs are medians.

mod ceiling;
#[cfg(not(target_arch = "wasm32"))]
mod cooperative;
mod kernels;
mod overheads;

use std::time::{Duration, Instant};

use super::{MissingFigure, Peaks};
#[cfg(not(target_arch = "wasm32"))]
use resnet_wgpu::DeviceSelector;
use resnet_wgpu::low_level::kernels::Scalar;
use resnet_wgpu::low_level::peaks::Rig;
use resnet_wgpu::{Error, Gpu};

/// Measures an adapter, cooperative matrices included, in about the time `budget`. `progress`
/// receives the name of each figure before its measurement.
///
/// A figure that the adapter does not offer or computes wrongly is `None`, and
/// [`Peaks::not_measured`] holds the reason.
///
/// # Errors
///
/// The device cannot be opened, fails, or cannot compute even plain f32.
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
/// use resnet_wgpu::DeviceSelector;
/// use resnet_wgpu_bench::peaks;
///
/// let peaks = peaks(&DeviceSelector::Auto, Duration::from_secs(6), |_| {})?;
/// println!("{:.0} GFLOP/s", peaks.fma_f32_gflops);
/// # Ok::<(), resnet_wgpu::Error>(())
/// ```
#[cfg(not(target_arch = "wasm32"))]
pub fn peaks(
    selector: &DeviceSelector,
    budget: Duration,
    mut progress: impl FnMut(&str),
) -> Result<Peaks, Error> {
    let gpu = Gpu::new(selector)?;
    // The number of cooperative matrix shapes is only known after opening another device. If none
    // exists, their part of the budget is not spent.
    let mut peaks = peaks_on(&gpu, budget.mul_f64(0.8), &mut progress)?;
    // Close the first device before the second is opened.
    drop(gpu);
    cooperative::measure(selector, budget.mul_f64(0.2), &mut progress, &mut peaks);
    Ok(peaks)
}

/// Measures an open device. Cooperative matrices are left out, because they need an isolated
/// device.
pub fn peaks_on(
    gpu: &Gpu,
    budget: Duration,
    mut progress: impl FnMut(&str),
) -> Result<Peaks, Error> {
    let rig = Rig::new(gpu)?;
    let part = |part: f64| Instant::now() + budget.mul_f64(part);
    let mut not_measured = Vec::new();
    let mut note = |what: &str, why: String| {
        let what = what.to_owned();
        not_measured.push(MissingFigure { what, why });
    };

    progress("clock");
    let (clock, distrust) = kernels::clock(&rig)?;
    if let Some(why) = distrust {
        note("clock", why.to_owned());
    }
    progress("FMA f32");
    let fma_f32_gflops = kernels::fma(&rig, clock, Scalar::F32, part(0.3))?;
    let mut fma_f16_gflops = None;
    if gpu.device().features().contains(wgpu::Features::SHADER_F16) {
        progress("FMA f16");
        match kernels::fma(&rig, clock, Scalar::F16, part(0.25)) {
            Ok(gflops) => fma_f16_gflops = Some(gflops),
            Err(error) => note("fma_f16_gflops", error.to_string()),
        }
    } else {
        note("fma_f16_gflops", "the adapter does not offer f16".into());
    }
    progress("memory");
    let (memory_gbytes_per_second, memory_buffer_bytes) = kernels::memory(&rig, clock, part(0.2))?;
    progress("dispatch");
    let dispatch = overheads::dispatch(&rig, clock)?;
    progress("round trip");
    let round_trip = overheads::round_trip(&rig)?;
    progress("upload and readback");
    let (upload_gbytes_per_second, readback_gbytes_per_second) =
        overheads::transfers(&rig, part(0.15))?;
    Ok(Peaks {
        clock,
        fma_f32_gflops,
        fma_f16_gflops,
        cooperative_matrix: Vec::new(),
        memory_gbytes_per_second,
        memory_buffer_bytes,
        dispatch_us: dispatch * 1e6,
        round_trip_us: round_trip * 1e6,
        upload_gbytes_per_second,
        readback_gbytes_per_second,
        not_measured,
    })
}
