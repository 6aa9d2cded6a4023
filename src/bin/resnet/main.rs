//! `resnet`: classify photos with any ResNet on any GPU.
//!
//! Results go to stdout, everything else to stderr. The exit code is 0 where
//! all went well, 1 where something failed, 2 where the command line asks for
//! what cannot be.

mod args;
mod bench;
mod bench_args;
mod bench_run;
mod bench_worker;
mod choice_args;
mod classify;
mod compare;
mod compare_args;
mod device;
mod devices;
mod embed;
mod embed_args;
mod eval;
mod eval_args;
mod eval_data;
mod eval_run;
mod eval_text;
mod explain;
mod explain_args;
mod failure;
mod fetch;
mod fetching;
mod folder;
mod headless;
mod hub_args;
mod interrupt;
mod kernel_args;
mod left_out;
mod manual;
mod model_args;
mod model_choice;
mod models;
mod output_file;
mod panels;
mod profile;
mod profile_candidates;
mod progress;
mod remedy;
mod run;
mod shape_line;
mod similar;
mod stream;
mod summary;
mod tensor_file;
mod term;
mod tune;
mod tune_args;
mod values;
mod verify;
mod verify_kernels;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use resnet_wgpu::text::{number, table};

use args::{Cli, Command};
use failure::Failure;

fn main() -> ExitCode {
    headless::silence_device_selection();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let outcome = match cli.command {
        Command::Classify(args) => classify::command(&args),
        Command::Eval(args) => eval::command(&args),
        Command::Explain(args) => explain::command(&args),
        Command::Embed(args) => embed::command(&args),
        Command::Similar(args) => similar::command(&args),
        Command::Run(args) => run::command(&args),
        Command::Summary(args) => summary::command(&args),
        Command::Verify(args) => verify::command(&args),
        Command::Bench(args) => bench::command(&args),
        Command::Profile(args) => profile::command(&args),
        Command::Tune(args) => tune::command(&args),
        Command::BenchWorker => bench_worker::command(),
        Command::Compare(args) => compare::command(&args),
        Command::Fetch(args) => fetch::command(&args),
        Command::Models(args) => models::command(&args),
        Command::Devices(args) => devices::command(&args),
        Command::Man(args) => manual::man(&args),
        Command::Completions(args) => manual::completions(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => end(&failure),
    }
}

/// What clap has to say: help and version as it prints them, an error in the
/// one line that names it.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // Whoever does not read help has not asked for it.
        let _ = error.print();
        return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
    }
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim);
    // What is required and missing stands on lines of its own.
    let line: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    let line = line.join(" ");
    term::error(&format!(
        "{}; `--help` tells more",
        line.strip_prefix("error: ").unwrap_or(&line)
    ));
    ExitCode::from(2)
}

/// Tells why, and gives the exit code.
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
        // Whoever read the output has seen enough.
        Failure::Closed => ExitCode::SUCCESS,
    }
}
