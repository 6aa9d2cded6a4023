//! `resnet tune`: measures the candidates and stores the fastest.

pub mod args;

use std::path::{Path, PathBuf};
use std::time::Duration;

use resnet_wgpu::low_level::kernels::candidates;
use resnet_wgpu::low_level::plan::ConvShape;
use resnet_wgpu::low_level::tune::{
    ConvKey, ShapeReport, TuneOptions, TuningOutcome, TuningProvenance, measure, shapes,
};
use resnet_wgpu::{Gpu, Tuning};
use resnet_wgpu_bench::Source;
use serde::Serialize;

use crate::commands::tune::args::TuneArgs;
use crate::device;
use crate::failure::Failure;
use crate::options::choice::{existing_tuning, tuning_path};
use crate::output_file::OutputFile;
use crate::progress::Progress;
use crate::shape_line::{ShapeLine, layers_text};
use crate::term;
use resnet_wgpu_bench::text::number;
use resnet_wgpu_bench::text::table::{Alignment, Table};

/// The networks that are measured if the user names none.
const DEFAULT_NETWORKS: [&str; 2] = ["resnet18", "resnet50"];

/// The output of `--json`. The sums are over all layers, in milliseconds.
#[derive(Debug, Serialize)]
struct TuneReport {
    device: String,
    origin: TuningProvenance,
    file: String,
    rules_ms: f64,
    tuned_ms: f64,
    shapes: Vec<ShapeLine>,
}

/// Runs the command.
pub fn command(args: &TuneArgs) -> Result<(), Failure> {
    let gpu = device::open_gpu(&args.device, args.kernels)?;
    if let Some(file) = &args.import {
        return import(file, &gpu);
    }
    if let Some(file) = &args.export {
        return export(file, &gpu);
    }
    // Invalid arguments are rejected before any work is done.
    let sources: Vec<Source> = match &args.networks[..] {
        [] => DEFAULT_NETWORKS
            .map(|name| Source::Preset(name.into()))
            .to_vec(),
        given => given.to_vec(),
    };
    let path = match &args.output {
        Some(path) => path.clone(),
        None => writable_tuning_path(&gpu)?,
    };
    OutputFile::at(&path, sources.iter().filter_map(Source::file))?;
    let mut tuning = existing_tuning(&path, &gpu);
    let resolved = gpu.precision(args.precision)?;
    if let Some(why) = &resolved.why {
        term::note(&format!("--precision auto: f32, since {why}"));
    }
    let options = TuneOptions {
        precision: resolved.scalar,
        time: Duration::from_secs_f64(args.duration),
        ..TuneOptions::default()
    };
    let shapes = distinct_shapes(args, &sources)?;
    let reports = measure_all(args, &gpu, &shapes, &options)?;
    for report in &reports {
        tuning.add(report);
    }
    tuning.write(&path)?;

    let sum = |of: fn(&ShapeReport) -> Option<&'static str>| -> f64 {
        // Only shapes with both times are summed; otherwise the two sums would not be comparable.
        let both =
            |r: &&ShapeReport| r.winner.is_some() && r.rules.is_some_and(|c| r.ms(c).is_some());
        let all = reports.iter().filter(both).map(|r| {
            let ms = of(r).and_then(|candidate| r.ms(candidate));
            ms.unwrap_or_default() * r.layers.len() as f64
        });
        all.sum()
    };
    let rules_ms = sum(|r| r.rules);
    let tuned_ms = sum(|r| r.winner);
    let file = term::display_path(&path);
    if args.json {
        return term::print_json_pretty(&TuneReport {
            device: gpu.describe(),
            origin: tuning.provenance().clone(),
            file,
            rules_ms,
            tuned_ms,
            shapes: reports.iter().map(|r| ShapeLine::new(r, None)).collect(),
        });
    }
    term::print(&format!(
        "\nAll of these layers together: {} ms by the built-in rules, {} ms as tuned.\n{file}: {} \
         shapes.\n",
        number::ms(rules_ms),
        number::ms(tuned_ms),
        tuning.shapes().len(),
    ))
}

/// Returns the path of this device's stored tuning, and creates the folder.
fn writable_tuning_path(gpu: &Gpu) -> Result<PathBuf, Failure> {
    let Some(path) = tuning_path(gpu) else {
        return Err(Failure::new(
            "no folder to keep a tuning in: set RESNET_CACHE_DIR to one, or name a file with \
             --output",
        ));
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| {
            Failure::new(format!(
                "{}: cannot be created: {e}; set RESNET_CACHE_DIR to another folder, or name a \
                 file with --output",
                term::display_path(folder)
            ))
        })?;
    }
    Ok(path)
}

fn import(file: &Path, gpu: &Gpu) -> Result<(), Failure> {
    let found = Tuning::for_device(file, gpu)?;
    let path = writable_tuning_path(gpu)?;
    let mut tuning = existing_tuning(&path, gpu);
    tuning.merge(&found)?;
    tuning.write(&path)?;
    term::print(&result_line(&path, &found, "imported"))
}

fn export(file: &Path, gpu: &Gpu) -> Result<(), Failure> {
    let path = writable_tuning_path(gpu)?;
    if !path.exists() {
        return Err(Failure::new(format!(
            "nothing is tuned yet on {}; run `resnet tune` first",
            gpu.describe()
        )));
    }
    let out = OutputFile::at(file, [&path])?;
    let tuning = Tuning::for_device(&path, gpu)?;
    tuning.write(out.path())?;
    term::print(&result_line(file, &tuning, "exported"))
}

fn result_line(path: &Path, tuning: &Tuning, how: &str) -> String {
    let shapes = tuning.shapes().len();
    format!("{}: {shapes} shapes {how}\n", term::display_path(path))
}

/// Returns the distinct convolutions of all networks and batch sizes. If there are several
/// networks, their names precede the names of the layers.
fn distinct_shapes(args: &TuneArgs, sources: &[Source]) -> Result<Vec<ConvShape>, Failure> {
    let _spinner = Progress::spinner("loading the models");
    let side = args.input_size.map(|n| n as usize);
    let mut all: Vec<ConvShape> = vec![];
    for source in sources {
        let model = source.load()?;
        for &batch in &args.batch_size {
            let options = TuneOptions {
                batch: batch as usize,
                input_size: side.map(|side| (side, side)),
                ..TuneOptions::default()
            };
            for mut shape in shapes(&model, &options)? {
                if sources.len() > 1 {
                    for layer in &mut shape.layers {
                        *layer = format!("{} {layer}", model.network().name);
                    }
                }
                match all.iter_mut().find(|s| s.problem == shape.problem) {
                    Some(same) => {
                        shape.layers.retain(|layer| !same.layers.contains(layer));
                        same.layers.append(&mut shape.layers);
                    }
                    None => all.push(shape),
                }
            }
        }
    }
    Ok(all)
}

/// Measures all shapes, and prints each result as soon as it is available.
fn measure_all(
    args: &TuneArgs,
    gpu: &Gpu,
    shapes: &[ConvShape],
    options: &TuneOptions,
) -> Result<Vec<ShapeReport>, Failure> {
    let mut table = Table::new(&[
        ("convolution", Alignment::Left),
        ("layers", Alignment::Left),
        ("fastest", Alignment::Left),
        ("ms", Alignment::Right),
        ("by the rules", Alignment::Left),
        ("ms", Alignment::Right),
        ("faster by", Alignment::Right),
    ]);
    for shape in shapes {
        let key = ConvKey::new(options.precision.name(), &shape.problem).to_string();
        table.reserve(0, key.chars().count());
        table.reserve(1, layers_text(&shape.layers).chars().count());
    }
    for name in candidates().map(|c| c.name) {
        table.reserve(2, name.len());
        table.reserve(4, name.len());
    }
    for column in [3, 5] {
        table.reserve(column, 7);
    }
    let show = |text: &str| if args.json { Ok(()) } else { term::print(text) };
    show(&format!("{}\n\n{}", gpu.describe(), table.head()))?;

    let mut progress = Progress::bar(shapes.len(), "shapes");
    let mut reports = Vec::with_capacity(shapes.len());
    for shape in shapes {
        progress.message(layers_text(&shape.layers));
        let report = measure(gpu, shape, options)?;
        let printed = progress.suspend(|| {
            report_failures(&report);
            show(&table.line(&cells(&report)))
        });
        printed?;
        reports.push(report);
        progress.advance(1);
    }
    Ok(reports)
}

/// Reports the candidates that are left out, with the reasons.
fn report_failures(report: &ShapeReport) {
    for timing in &report.timings {
        if let TuningOutcome::Failed(why) = &timing.outcome {
            let name = timing.candidate;
            term::note(&format!("{name} is left out for {}: {why}", report.key()));
        }
    }
}

fn cells(report: &ShapeReport) -> Vec<String> {
    let ms = |candidate: Option<&'static str>| candidate.and_then(|c| report.ms(c));
    let shown = |ms: Option<f64>| ms.map_or_else(|| "-".into(), number::ms);
    let name = |candidate: Option<&'static str>| candidate.unwrap_or("-").to_owned();
    let [fastest, rules] = [ms(report.winner), ms(report.rules)];
    let faster = match (fastest, rules) {
        (Some(_), Some(_)) if report.winner == report.rules => String::new(),
        (Some(fastest), Some(rules)) if fastest > 0.0 => format!("{:.2}×", rules / fastest),
        _ => "-".into(),
    };
    vec![
        report.key().to_string(),
        layers_text(&report.layers),
        name(report.winner),
        shown(fastest),
        name(report.rules),
        shown(rules),
        faster,
    ]
}
