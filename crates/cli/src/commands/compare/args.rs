//! The options of `resnet compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Compare benchmark results
///
/// Compare results of `resnet bench --json` with those in the first file: two GPUs, two drivers or
/// two versions. Print medians end to end, images per second, the time of the GPU alone, and
/// whether a difference is within the noise (the ranges median ± standard deviation overlap).
/// Differences other than times are listed as well.
///
/// All files must hold results of the same work: the same networks, weights, batches, input sizes,
/// precisions and scenarios, on the same number of devices. Devices are matched in their order. A
/// row that failed verification has no speed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet compare before.json after.json
  resnet compare --fail-if-slower 5 main.json branch.json
  resnet compare --format markdown nvidia.json amd.json intel.json")]
pub struct CompareArgs {
    /// Results of `resnet bench --json`; the first file is the baseline
    #[arg(value_name = "FILE", required = true, num_args = 2..)]
    pub files: Vec<PathBuf>,

    /// Exit with 1 if a later file is more than this many percent slower
    ///
    /// Exit with 1 if the end-to-end median of a row is more than this many percent above the first
    /// file's, or if a row failed in any file. The rows are named on stderr. The GPU's own time is
    /// shown, but does not affect the exit code.
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true, value_parser = percent)]
    pub fail_if_slower: Option<f64>,

    /// Self-contained HTML page to write; an existing file is replaced
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = CompareFormat::Table)]
    pub format: CompareFormat,

    /// Print one JSON object
    ///
    /// The object has files, environment (differences other than times) and rows (device, work,
    /// comparable, and measures: one for each file).
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

/// The output format of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompareFormat {
    /// Table for a terminal
    Table,
    /// Markdown for a README or an issue
    Markdown,
}

/// Parses a finite number of at least 0.
fn percent(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(value) if f64::is_finite(value) && value >= 0.0 => Ok(value),
        _ => Err("expected a number of percent, 0 or above, such as 5".into()),
    }
}
