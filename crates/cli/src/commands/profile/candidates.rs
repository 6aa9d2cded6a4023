//! `resnet profile --candidates`: all candidates of each convolution.

use std::time::Duration;

use resnet_wgpu::low_level::plan::PlanOptions;
use resnet_wgpu::low_level::plan::selected_candidate;
use resnet_wgpu::low_level::tune::{ShapeReport, TuneOptions, TuningOutcome, measure, shapes};
use resnet_wgpu_bench::{CRATE_VERSION, Device, roofline};
use serde::Serialize;

use crate::commands::profile::args::ProfileArgs;
use crate::device;
use crate::failure::Failure;
use crate::host;
use crate::progress::Progress;
use crate::shape_line::ShapeLine;
use crate::term;
use resnet_wgpu_bench::text::number;
use resnet_wgpu_bench::text::table::{Alignment, Table};

/// The version of the schema of `--json`.
const SCHEMA_VERSION: u32 = 1;

/// The number of layers of a shape that are listed by name; further layers are only counted.
const MAX_LAYER_NAMES: usize = 3;

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct CandidatesReport {
    schema_version: u32,
    created: String,
    crate_version: &'static str,
    device: Device,
    model: String,
    shapes: Vec<ShapeLine>,
}

/// Runs the command.
pub fn command(args: &ProfileArgs) -> Result<(), Failure> {
    let gpu = device::open_gpu(&args.device, args.kernels)?;
    let resolved = gpu.precision(args.precision)?;
    if let Some(why) = &resolved.why {
        term::note(&format!("--precision auto: f32, since {why}"));
    }
    let planned = PlanOptions {
        choice: args.choice.choice(&gpu, resolved.scalar),
        precision: resolved.scalar,
        ..PlanOptions::default()
    };
    let model = args.network.load()?;
    let side = args.input_size.map(|n| n as usize);
    let mut options = TuneOptions {
        batch: args.batch_size as usize,
        precision: resolved.scalar,
        input_size: side.map(|side| (side, side)),
        time: Duration::ZERO,
        thorough: true,
    };
    let mut shapes = shapes(&model, &options)?;
    if let Some(layer) = &args.layer {
        let named = |name: &str| name == layer;
        let known: Vec<String> = shapes.iter().map(|s| s.layers[0].clone()).collect();
        shapes.retain(|shape| shape.layers.iter().any(|name| named(name)));
        if shapes.is_empty() {
            return Err(Failure::usage(format!(
                "--layer {layer}: expected a convolution of {}, such as {}",
                model.network().name,
                known.join(", ")
            )));
        }
    }
    let share = args.duration / shapes.len().max(1) as f64;
    options.time = Duration::from_secs_f64(share);

    let title = format!(
        "{}, batch {}, {}, on {}\n",
        model.network().name,
        options.batch,
        options.precision.name(),
        gpu.describe()
    );
    let show = |text: &str| if args.json { Ok(()) } else { term::print(text) };
    show(&title)?;
    let mut lines = vec![];
    let mut progress = Progress::bar(shapes.len(), "shapes");
    for shape in &shapes {
        let report = measure(&gpu, shape, &options)?;
        let chosen = selected_candidate(&shape.problem, gpu.profile(), &planned).map(|c| c.name);
        progress.suspend(|| show(&text(&report, chosen)))?;
        lines.push(ShapeLine::new(&report, chosen));
        progress.advance(1);
    }
    drop(progress);
    if args.json {
        term::print_json_pretty(&CandidatesReport {
            schema_version: SCHEMA_VERSION,
            created: host::now(),
            crate_version: CRATE_VERSION,
            device: Device::of(&gpu),
            model: model.network().name.clone(),
            shapes: lines,
        })
    } else {
        Ok(())
    }
}

/// Formats the shape, its layers, and its candidates, the fastest first.
fn text(report: &ShapeReport, chosen: Option<&'static str>) -> String {
    let mut table = Table::new(&[
        ("candidate", Alignment::Left),
        ("ms", Alignment::Right),
        ("GFLOP/s", Alignment::Right),
        ("vs. chosen", Alignment::Right),
        ("", Alignment::Left),
    ]);
    let of_chosen = chosen.and_then(|c| report.ms(c));
    for timing in &report.timings {
        let mut cells = vec![timing.candidate.to_owned()];
        match &timing.outcome {
            TuningOutcome::Timed { ms, .. } => {
                let gflops = roofline::gflops(report.problem.macs(), *ms);
                let ratio = of_chosen.map(|chosen| format!("{:.2}×", ms / chosen));
                cells.extend([
                    number::ms(*ms),
                    number::rate(gflops),
                    ratio.unwrap_or_else(|| "-".into()),
                ]);
                let mark = if chosen == Some(timing.candidate) {
                    "<--"
                } else {
                    ""
                };
                cells.push(mark.into());
            }
            TuningOutcome::Failed(why) => {
                let none = || "-".to_owned();
                cells.extend([none(), none(), none(), format!("left out: {why}")]);
            }
        }
        table.row(cells);
    }
    let layers = &report.layers;
    let more = match layers.len().saturating_sub(MAX_LAYER_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let names = layers[..layers.len().min(MAX_LAYER_NAMES)].join(", ");
    format!("\n{names}{more}: {}\n\n{}", report.key(), table.text())
}
