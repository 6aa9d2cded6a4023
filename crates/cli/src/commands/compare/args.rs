//! The options of `resnet compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Benchmarks side by side: two GPUs, two drivers, two versions
///
/// Compares results of `resnet bench --json` with the first of them: medians
/// end to end, images a second, the GPU alone, and whether a difference is
/// within the noise (median ± standard deviation of both overlap). What differs
/// besides times is listed. Only the same work is compared: the same networks,
/// weights, batches, input sizes, precisions and scenarios, on as many devices,
/// which are matched in their order. What failed verification has no speed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet compare before.json after.json
  resnet compare --fail-if-slower 5 main.json branch.json
  resnet compare --format markdown nvidia.json amd.json intel.json")]
pub struct CompareArgs {
    /// Results of `resnet bench --json`; the first is what others are held against
    #[arg(value_name = "FILE", required = true, num_args = 2..)]
    pub files: Vec<PathBuf>,

    /// Exit with 1 where a later file is more than that many percent slower
    ///
    /// Exit with 1 where the median of a row, end to end, is more than that
    /// many percent above the first file's, or where a row failed in any file;
    /// the rows are named on stderr. The GPU's own time is shown and not
    /// judged.
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true, value_parser = percent)]
    pub fail_if_slower: Option<f64>,

    /// HTML page to write, complete in itself; one that is there is replaced
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// How to show it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
    pub format: Format,

    /// One JSON object
    ///
    /// One JSON object: files, environment (what differs besides times), rows
    /// (device, work, comparable, and measures: one for each file).
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

/// How to show a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal
    Table,
    /// For a README or an issue
    Markdown,
}

/// Parses a finite number of at least 0.
fn percent(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(value) if f64::is_finite(value) && value >= 0.0 => Ok(value),
        _ => Err("expected a number of percent, 0 or above, such as 5".into()),
    }
}
