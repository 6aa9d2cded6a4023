//! `resnet verify`: checks a network on the device, layer by layer, against the CPU reference.

pub mod args;
pub mod kernels;
mod verdict;

use resnet_wgpu::low_level::kernels::candidates;
use resnet_wgpu::low_level::plan::PlanOptions;
use resnet_wgpu::low_level::verify::{
    LayerReport, RangeCheck, network, tolerance, tolerance_of_logits,
};
use serde::Serialize;

use crate::commands::summary::{chw, shape_text};
use crate::commands::verify::args::VerifyArgs;
use crate::commands::verify::verdict::{Verdict, wrong_results};
use crate::device;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::term;
use resnet_wgpu_bench::text::table::{Alignment, Table};

/// The default batch size. A batch of more than one image reveals kernels that mix up images.
const BATCH: usize = 2;

/// The output of `--json`. Shapes are those of one image, in PyTorch's order.
#[derive(Debug, Serialize)]
struct VerifyReport {
    model: String,
    device: String,
    batch: usize,
    precision: &'static str,
    tolerance: f64,
    passed: bool,
    logits: Verdict,
    layers: Vec<LayerLine>,
}

#[derive(Debug, Serialize)]
struct LayerLine {
    layer: String,
    kernel: &'static str,
    output: [usize; 3],
    #[serde(flatten)]
    verdict: Verdict,
    /// The largest value, if f16 cannot represent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    overflow: Option<f64>,
    /// True if the layer cannot be judged because an input overflowed in another layer.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unknown: bool,
}

/// Returns a layer's verdict. A layer passes if its input overflowed in another layer.
fn verdict(report: &LayerReport, tolerance: f64) -> Verdict {
    Verdict {
        passed: report.passed(tolerance),
        ..Verdict::new(&report.difference, tolerance)
    }
}

/// Runs the command.
pub fn command(args: &VerifyArgs) -> Result<(), Failure> {
    let gpu = device::open_gpu(&args.model.device, args.model.kernels)?;
    if args.kernels {
        return kernels::command(args, &gpu);
    }
    let model = args.model.load()?;
    let side = args.model.side(&model);
    let batch = args.model.batch(BATCH);
    let resolved = gpu.precision(args.model.precision)?;
    args.model.announce_precision(&resolved);
    let tolerance = tolerance(resolved.scalar);
    let choice = args.model.choice.choice(&gpu, resolved.scalar);

    let mut table = Table::new(&[
        ("layer", Alignment::Left),
        ("kernel", Alignment::Left),
        ("output", Alignment::Right),
        ("max error", Alignment::Right),
        ("relative", Alignment::Right),
        ("", Alignment::Left),
    ]);
    let graph = model.graph(side, side)?;
    for node in &graph.nodes {
        table.reserve(0, node.name.chars().count());
        table.reserve(2, shape_text(chw(node.shape)).chars().count());
    }
    for candidate in candidates() {
        table.reserve(1, candidate.name.len());
    }
    args.model.announce();
    let show = |text: &str| if args.json { Ok(()) } else { term::print(text) };
    show(&format!(
        "{} in {} on {}\n\n{}",
        model.network().name,
        resolved.scalar.name(),
        gpu.describe(),
        table.head()
    ))?;

    let mut printed = Ok(());
    let mut progress: Option<Progress> = None;
    let each = |report: &LayerReport, total| {
        let progress = progress.get_or_insert_with(|| Progress::bar(total, "layers"));
        let mut cells = vec![
            report.layer.clone(),
            report.kernel.to_owned(),
            shape_text(chw(report.shape)),
        ];
        cells.extend(verdict(report, tolerance).cells());
        if let Some(last) = cells.last_mut() {
            match report.range {
                RangeCheck::Fits => {}
                RangeCheck::Overflows(_) => *last = "OVERFLOWS f16".into(),
                RangeCheck::Unknown => *last = "its input overflows".into(),
            }
        }
        // The verdict counts even if stdout is closed.
        let line = progress.suspend(|| show(&table.line(&cells)));
        if printed.is_ok() {
            printed = line;
        }
        progress.advance(1);
    };
    let options = PlanOptions {
        choice,
        precision: resolved.scalar,
        ..PlanOptions::default()
    };
    let found = network(&gpu, &model, batch, (side, side), &options, each)?;
    drop(progress);
    printed?;

    let layers = found.layers.iter().map(|l| LayerLine {
        layer: l.layer.clone(),
        kernel: l.kernel,
        output: chw(l.shape),
        verdict: verdict(l, tolerance),
        overflow: match l.range {
            RangeCheck::Overflows(largest) => Some(largest),
            _ => None,
        },
        unknown: l.range == RangeCheck::Unknown,
    });
    let report = VerifyReport {
        model: model.network().name.clone(),
        device: gpu.describe(),
        batch,
        precision: resolved.scalar.name(),
        tolerance,
        passed: found.passed(resolved.scalar),
        logits: Verdict::new(&found.logits, tolerance_of_logits(resolved.scalar)),
        layers: layers.collect(),
    };
    if args.json {
        term::print_json_pretty(&report)?;
    } else {
        let mut end = vec![
            "logits, end to end".to_owned(),
            String::new(),
            String::new(),
        ];
        end.extend(report.logits.cells());
        term::print(&format!("{}\n", table.line(&end)))?;
    }
    let overflows: Vec<&str> = found.overflows().map(|l| l.layer.as_str()).collect();
    if !overflows.is_empty() {
        // An overflow is not a defect of the device, so the message does not ask for a report.
        return Err(Failure::new(format!(
            "values beyond 65504, the largest of f16, in {}; use --precision f32 for this network",
            overflows.join(", ")
        )));
    }
    let wrong = report.layers.iter().filter(|l| !l.verdict.passed).count();
    if !report.passed {
        return Err(wrong_results(&match wrong {
            0 => format!(
                "the logits are off by more than {:e} of the largest",
                tolerance_of_logits(resolved.scalar)
            ),
            n => format!(
                "{n} of {} layers are off by more than {tolerance:e} of their largest value",
                report.layers.len()
            ),
        }));
    }
    if args.json {
        Ok(())
    } else {
        term::print("passed\n")
    }
}
