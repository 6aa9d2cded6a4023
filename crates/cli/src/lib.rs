//! `resnet`: classify photos with any ResNet on any GPU.
//!
//! The program writes results to stdout and everything else to stderr. The exit code is 0 on
//! success, 1 after a failure, and 2 if the command line is invalid.

mod args;
mod commands;
pub mod dataset;
mod device;
pub mod eval;
mod failure;
mod fetching;
mod folder;
mod host;
mod interrupt;
mod memory;
mod options;
mod output_file;
mod progress;
mod remedy;
mod shape_line;
mod skipped;
mod stream;
mod tensor_file;
mod term;

use std::ffi::OsString;
use std::process::ExitCode;

use args::{Cli, Command};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use failure::Failure;

/// Runs the command that `args` selects. The first argument is the name of the program.
pub fn run<I, T>(args: I) -> ExitCode
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let outcome = match cli.command {
        Command::Classify(args) => commands::classify::command(&args),
        Command::Eval(args) => commands::eval::command(&args),
        Command::Explain(args) => commands::explain::command(&args),
        Command::Embed(args) => commands::embed::command(&args),
        Command::Similar(args) => commands::similar::command(&args),
        Command::Run(args) => commands::run::command(&args),
        Command::Summary(args) => commands::summary::command(&args),
        Command::Verify(args) => commands::verify::command(&args),
        Command::Bench(args) => commands::bench::command(&args),
        Command::Profile(args) => commands::profile::command(&args),
        Command::Tune(args) => commands::tune::command(&args),
        Command::BenchWorker => commands::bench::worker::command(),
        Command::Compare(args) => commands::compare::command(&args),
        Command::Fetch(args) => commands::fetch::command(&args),
        Command::Models(args) => commands::models::command(&args),
        Command::Devices(args) => commands::devices::command(&args),
        Command::Man(args) => commands::manual::man(&args, Cli::command()),
        Command::Completions(args) => commands::manual::completions(&args, Cli::command()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => end(&failure),
    }
}

/// Prints a parse result of clap and returns the exit code. Help and version keep clap's own
/// format; an error is shortened to one line.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // A failed write is no error here: nobody reads the help any more.
        let _ = error.print();
        return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
    }
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim);
    // clap lists missing arguments on separate lines, which are joined here.
    let line: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    let line = line.join(" ");
    term::error(&format!(
        "{}; see `--help`",
        line.strip_prefix("error: ").unwrap_or(&line)
    ));
    ExitCode::from(2)
}

/// Reports a failure on stderr and returns the exit code.
fn end(failure: &Failure) -> ExitCode {
    match failure {
        Failure::Usage(message) => {
            term::error(message);
            ExitCode::from(2)
        }
        Failure::Failed(message) => {
            term::error(message);
            ExitCode::FAILURE
        }
        Failure::Reported => ExitCode::FAILURE,
        // The reader closed the pipe because it needs no more output.
        Failure::Closed => ExitCode::SUCCESS,
    }
}
