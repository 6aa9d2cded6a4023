//! Times a bare loop over a `Session`: upload, run, and logits back on the host. `resnet bench`
//! reports far more; comparing the two shows the cost of its measurement. The program prints one
//! JSON line.
//!
//!     cargo run --release --example time_infer -- resnet50 [RUNS] [DEVICE] [CANDIDATE]

use std::error::Error;
use std::time::Instant;

use resnet_wgpu::low_level::kernels::candidate;
use resnet_wgpu::{DeviceSelector, Gpu, KernelChoice, Model, Network, Session, SessionOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let preset = args.next().unwrap_or_else(|| "resnet50".into());
    let runs: usize = args.next().map_or(Ok(15), |n| n.parse())?;
    let device: DeviceSelector = args.next().unwrap_or_else(|| "auto".into()).parse()?;
    let name = args.next();

    let network = Network::preset(&preset).ok_or_else(|| format!("no preset `{preset}`"))?;
    let model = Model::synthetic(network, 0)?;
    let gpu = Gpu::new(&device)?;
    let choice = match &name {
        Some(name) => {
            KernelChoice::Prefer(candidate(name).ok_or_else(|| format!("no candidate `{name}`"))?)
        }
        None => KernelChoice::Auto,
    };
    let options = SessionOptions {
        choice,
        ..Default::default()
    };
    let session = Session::new(&gpu, &model, &options)?;
    let input: Vec<f32> = (0..session.input_len())
        .map(|i| {
            if i % 4 == 3 {
                0.0
            } else {
                (i % 97) as f32 / 48.0 - 1.0
            }
        })
        .collect();
    let mut top = 0.0f32;
    let mut milliseconds = Vec::with_capacity(runs);
    // Drivers compile at the first run, so that run is not timed.
    for run in 0..=runs {
        let start = Instant::now();
        session.run_batch(&input, |outputs| {
            top = outputs.logits().iter().copied().fold(f32::MIN, f32::max);
        })?;
        if run > 0 {
            milliseconds.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    let mut sorted = milliseconds.clone();
    sorted.sort_by(f64::total_cmp);
    let report = serde_json::json!({
        "model": preset,
        "device": gpu.describe(),
        "median_ms": sorted[sorted.len() / 2],
        "runs_ms": milliseconds,
        "largest_logit": top,
    });
    println!("{report}");
    Ok(())
}
