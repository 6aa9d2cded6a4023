//! `resnet verify --kernels`: checks every candidate on random shapes against the CPU reference.

use resnet_wgpu::Gpu;
use resnet_wgpu::low_level::kernels::{Candidate, candidate, candidates};
use resnet_wgpu::low_level::plan::DeviceProfile;
use resnet_wgpu::low_level::verify::{KernelReport, kernels, tolerance};
use serde::Serialize;

use crate::commands::verify::args::VerifyArgs;
use crate::commands::verify::verdict::{Verdict, wrong_results};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::term;
use resnet_wgpu_bench::text::table::{Alignment, Table};

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct KernelsReport {
    device: String,
    seed: u64,
    cases: u32,
    precision: &'static str,
    tolerance: f64,
    passed: bool,
    kernels: Vec<KernelLine>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum KernelLine {
    Ran {
        kernel: &'static str,
        cases: usize,
        #[serde(flatten)]
        verdict: Verdict,
        worst_case: String,
    },
    NotRun {
        kernel: &'static str,
        not_run: String,
    },
}

/// Runs the command.
pub fn command(args: &VerifyArgs, gpu: &Gpu) -> Result<(), Failure> {
    let resolved = gpu.precision(args.model.precision)?;
    args.model.announce_precision(&resolved);
    let precision = resolved.scalar;
    let tolerance = tolerance(precision);
    let mut table = Table::new(&[
        ("kernel", Alignment::Left),
        ("cases", Alignment::Right),
        ("max error", Alignment::Right),
        ("relative", Alignment::Right),
        ("", Alignment::Left),
    ]);
    for candidate in candidates() {
        table.reserve(0, candidate.name.len());
    }
    let show = |text: &str| if args.json { Ok(()) } else { term::print(text) };
    let title = format!(
        "{} on {}, seed {}",
        precision.name(),
        gpu.describe(),
        args.seed
    );
    show(&format!("{title}\n\n{}", table.head()))?;

    let mut printed = Ok(());
    let mut progress = Progress::bar(
        candidates().filter(|c| c.serves(precision)).count(),
        "kernels",
    );
    let mut lines = vec![];
    kernels(gpu, precision, args.seed, args.cases as usize, |report| {
        let line = line(report, gpu.profile(), report.tolerance);
        let written = progress.suspend(|| show(&text(&table, &line)));
        if printed.is_ok() {
            printed = written;
        }
        lines.push(line);
        progress.advance(1);
    })?;
    drop(progress);
    printed?;

    let failed =
        |line: &&KernelLine| matches!(line, KernelLine::Ran { verdict, .. } if !verdict.passed());
    let wrong = lines.iter().filter(failed).count();
    let report = KernelsReport {
        device: gpu.describe(),
        seed: args.seed,
        cases: args.cases,
        precision: precision.name(),
        tolerance,
        passed: wrong == 0,
        kernels: lines,
    };
    if args.json {
        term::print_json_pretty(&report)?;
    } else {
        term::print("\n")?;
    }
    if !report.passed {
        return Err(wrong_results(&format!(
            "{wrong} kernels are off by more than {tolerance:e} of their largest value"
        )));
    }
    if args.json {
        Ok(())
    } else {
        term::print("passed\n")
    }
}

fn line(report: &KernelReport, profile: &DeviceProfile, tolerance: f64) -> KernelLine {
    let kernel = report.kernel;
    match report.cases {
        0 => KernelLine::NotRun {
            kernel,
            not_run: candidate(kernel).map_or_else(String::new, |c| missing_features(&c, profile)),
        },
        cases => KernelLine::Ran {
            kernel,
            cases,
            verdict: Verdict::new(&report.worst, tolerance),
            worst_case: report.worst_case.clone(),
        },
    }
}

/// Lists the features that a candidate needs and the device lacks.
fn missing_features(candidate: &Candidate, profile: &DeviceProfile) -> String {
    let mut lacks: Vec<String> = vec![];
    for kernel in candidate.kernels() {
        for lack in profile.lacks(kernel) {
            if !lacks.contains(&lack) {
                lacks.push(lack);
            }
        }
    }
    format!("needs {}", lacks.join(", "))
}

fn text(table: &Table, line: &KernelLine) -> String {
    match line {
        KernelLine::NotRun { kernel, not_run } => {
            let name = [(*kernel).to_owned()];
            format!("{}  not run: {not_run}\n", table.line(&name).trim_end())
        }
        KernelLine::Ran {
            kernel,
            cases,
            verdict,
            worst_case,
        } => {
            let mut cells = vec![(*kernel).to_owned(), cases.to_string()];
            cells.extend(verdict.cells());
            let mut text = table.line(&cells);
            if !verdict.passed() {
                text.push_str(&format!("  worst: {worst_case}\n"));
            }
            text
        }
    }
}
