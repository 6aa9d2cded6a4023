//! The measurements of one convolution shape, as `tune` and `profile --candidates` print them.

use resnet_wgpu::low_level::tune::{ConvKey, ShapeReport, Timing, TuningOutcome};
use resnet_wgpu_bench::{Clock, roofline};
use serde::Serialize;

/// One shape of `--json`.
#[derive(Debug, Serialize)]
pub struct ShapeLine {
    #[serde(flatten)]
    key: ConvKey,
    layers: Vec<String>,
    clock: Clock,
    rules: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chosen: Option<&'static str>,
    winner: Option<&'static str>,
    candidates: Vec<CandidateLine>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum CandidateLine {
    Timed {
        candidate: &'static str,
        ms: f64,
        gflops: f64,
        samples: usize,
    },
    Failed {
        candidate: &'static str,
        failed: String,
    },
}

impl ShapeLine {
    /// Converts the measurements of a shape. `chosen` is the kernel that the plan dispatches, if
    /// the command shows it.
    pub fn new(report: &ShapeReport, chosen: Option<&'static str>) -> Self {
        let macs = report.problem.macs();
        let line = |t: &Timing| match &t.outcome {
            TuningOutcome::Timed { ms, samples } => CandidateLine::Timed {
                candidate: t.candidate,
                ms: *ms,
                gflops: roofline::gflops(macs, *ms),
                samples: *samples,
            },
            TuningOutcome::Failed(why) => CandidateLine::Failed {
                candidate: t.candidate,
                failed: why.clone(),
            },
        };
        Self {
            key: report.key(),
            layers: report.layers.clone(),
            clock: report.clock,
            rules: report.rules,
            chosen,
            winner: report.winner,
            candidates: report.timings.iter().map(line).collect(),
        }
    }
}

/// Formats layer names: `layer1.0.conv1`, or `layer1.0.conv1 (3)` if three layers have the shape.
pub fn layers_text(layers: &[String]) -> String {
    match layers {
        [] => String::new(),
        [only] => only.clone(),
        [first, ..] => format!("{first} ({})", layers.len()),
    }
}
