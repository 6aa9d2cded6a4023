//! `resnet compare`: compares benchmark results.

pub mod args;

use resnet_wgpu_bench::report::page;
use resnet_wgpu_bench::{Comparison, Report};

use crate::commands::compare::args::{CompareArgs, CompareFormat};
use crate::failure::Failure;
use crate::output_file::OutputFile;
use crate::term;

/// Runs the command.
pub fn command(args: &CompareArgs) -> Result<(), Failure> {
    let page = args.report.as_ref();
    let page = page
        .map(|path| OutputFile::at(path, &args.files))
        .transpose()?;
    let mut reports = vec![];
    for file in &args.files {
        let report = Report::from_file(file).map_err(failed)?;
        reports.push((term::display_path(file), report));
    }
    let named: Vec<(String, &Report)> = (reports.iter())
        .map(|(name, report)| (name.clone(), report))
        .collect();
    let comparison = Comparison::of(&named).map_err(failed)?;
    if let Some(page) = page {
        page.write(html(&named)?.as_bytes())?;
    }
    match (args.json, args.format) {
        (true, _) => term::print_json_pretty(&comparison)?,
        (false, CompareFormat::Table) => term::print(&comparison.table())?,
        (false, CompareFormat::Markdown) => term::print(&comparison.markdown())?,
    }
    args.fail_if_slower
        .map_or(Ok(()), |percent| check_speed(&comparison, percent))
}

/// Renders the page of these results.
fn html(reports: &[(String, &Report)]) -> Result<String, Failure> {
    page(reports).map_err(|e| Failure::new(format!("the page cannot be made: {e}")))
}

fn check_speed(comparison: &Comparison, percent: f64) -> Result<(), Failure> {
    let slower = comparison.slower_than(percent);
    if slower.is_empty() {
        return Ok(());
    }
    let first = &comparison.files[0].name;
    let n = slower.len();
    let rows = if n == 1 { "row" } else { "rows" };
    Err(Failure::new(format!(
        "expected no row more than {percent} % slower than in {first}, and no failed row; found {n} \
         {rows}:\n  {}",
        slower.join("\n  ")
    )))
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(error.to_string())
}
