//! `resnet verify`: a network on the device, layer by layer against the CPU.

use resnet_wgpu::kernels::candidates;
use resnet_wgpu::verify::{Difference, LayerReport, TOLERANCE_F32, network};
use serde::Serialize;

use crate::args::VerifyArgs;
use crate::device;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::summary::{chw, shape_text};
use crate::table::{Align, Table};
use crate::term;
use crate::values::Precision;
use crate::verify_kernels;

/// Images of a run, where nobody asks otherwise: more than one, so that what
/// mixes images up is found.
const BATCH: usize = 2;

/// What `--json` gives. Shapes are of one image, in PyTorch's order.
#[derive(Debug, Serialize)]
struct Report {
    model: String,
    device: String,
    batch: usize,
    tolerance: f64,
    passed: bool,
    logits: Verdict,
    layers: Vec<Layer>,
}

#[derive(Debug, Serialize)]
struct Layer {
    layer: String,
    kernel: &'static str,
    output: [usize; 3],
    #[serde(flatten)]
    verdict: Verdict,
}

/// How far apart, and whether that is near enough.
#[derive(Debug, Serialize)]
pub struct Verdict {
    max_abs: f64,
    relative: f64,
    passed: bool,
}

impl Verdict {
    /// Judges a difference.
    pub fn new(difference: &Difference, tolerance: f64) -> Self {
        Self {
            max_abs: difference.max_abs,
            relative: difference.relative(),
            passed: difference.within(tolerance),
        }
    }

    /// Whether that is near enough.
    pub fn passed(&self) -> bool {
        self.passed
    }

    /// The last cells of a line.
    pub fn cells(&self) -> [String; 3] {
        let error = |e: f64| {
            if e == 0.0 {
                "0".to_owned()
            } else {
                format!("{e:.2e}")
            }
        };
        [
            error(self.max_abs),
            error(self.relative),
            if self.passed {
                "ok".into()
            } else {
                "FAILED".into()
            },
        ]
    }
}

/// The largest relative error that is near enough.
pub fn tolerance(precision: Precision) -> f64 {
    match precision {
        Precision::F32 => TOLERANCE_F32,
    }
}

/// Runs the command.
pub fn command(args: &VerifyArgs) -> Result<(), Failure> {
    let gpu = device::open_gpu(&args.model.device, args.model.kernels)?;
    if args.kernels {
        return verify_kernels::command(args, &gpu);
    }
    let model = args.model.load()?;
    let side = args.model.side(&model);
    let batch = args.model.batch(BATCH);
    let tolerance = tolerance(args.model.precision);
    let choice = args.model.choice.choice(&gpu);

    let mut table = Table::new(&[
        ("layer", Align::Left),
        ("kernel", Align::Left),
        ("output", Align::Right),
        ("max error", Align::Right),
        ("relative", Align::Right),
        ("", Align::Left),
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
        "{} on {}\n\n{}",
        model.network().name,
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
        cells.extend(Verdict::new(&report.difference, tolerance).cells());
        // The verdict counts even where nobody reads its lines.
        let line = progress.aside(|| show(&table.line(&cells)));
        if printed.is_ok() {
            printed = line;
        }
        progress.advance(1);
    };
    let found = network(&gpu, &model, batch, (side, side), &choice, each)?;
    drop(progress);
    printed?;

    let layers = found.layers.iter().map(|l| Layer {
        layer: l.layer.clone(),
        kernel: l.kernel,
        output: chw(l.shape),
        verdict: Verdict::new(&l.difference, tolerance),
    });
    let report = Report {
        model: model.network().name.clone(),
        device: gpu.describe(),
        batch,
        tolerance,
        passed: found.passed(tolerance),
        logits: Verdict::new(&found.logits, tolerance),
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
    let wrong = report.layers.iter().filter(|l| !l.verdict.passed).count();
    conclude(args.json, report.passed, || match wrong {
        0 => format!("the logits are off by more than {tolerance:e} of the largest"),
        n => format!(
            "{n} of {} layers are off by more than {tolerance:e} of their largest value",
            report.layers.len()
        ),
    })
}

/// Says how it ended.
pub fn conclude(json: bool, passed: bool, failure: impl FnOnce() -> String) -> Result<(), Failure> {
    match (passed, json) {
        (true, true) => Ok(()),
        (true, false) => term::print("passed\n"),
        (false, _) => Err(Failure::new(format!(
            "{}; please report this with the output of `resnet devices --json`, and use another \
             --device meanwhile",
            failure()
        ))),
    }
}
