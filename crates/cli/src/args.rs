//! The command line: all commands with their arguments.

use clap::{Parser, Subcommand};

use crate::commands::bench::args::BenchArgs;
use crate::commands::classify::ClassifyArgs;
use crate::commands::compare::args::CompareArgs;
use crate::commands::devices::DevicesArgs;
use crate::commands::embed::args::EmbedArgs;
use crate::commands::eval::args::EvalArgs;
use crate::commands::explain::args::ExplainArgs;
use crate::commands::fetch::FetchArgs;
use crate::commands::manual::{CompletionsArgs, ManArgs};
use crate::commands::models::ModelsArgs;
use crate::commands::profile::args::ProfileArgs;
use crate::commands::run::RunArgs;
use crate::commands::similar::SimilarArgs;
use crate::commands::summary::SummaryArgs;
use crate::commands::tune::args::TuneArgs;
use crate::commands::verify::args::VerifyArgs;

/// Classify photos with any ResNet on any GPU
///
/// Compute PyTorch's logits from unmodified checkpoints, through wgpu (Vulkan, Metal, Direct3D 12,
/// OpenGL). Results go to stdout, everything else to stderr.
#[derive(Debug, Parser)]
#[command(name = "resnet", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  resnet classify photos/chelsea.png
  resnet classify --model resnet50 --pretrained photos/chelsea.png
  resnet classify --weights resnet50.safetensors -k 3 --json holiday/ > labels.jsonl
  resnet eval --weights resnet50.safetensors --data imagenet/val
  resnet explain photos/chelsea.png --output overlay.png
  resnet summary --model resnet152
  resnet verify --model resnet50 --device nvidia
  resnet bench resnet50 --batch-size 1,8 --report resnet50.html
  resnet tune resnet50 --batch-size 1,8

Exit codes: 0 success, 1 failure, 2 invalid command line.
`resnet COMMAND --help` describes each command in full.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Classify(ClassifyArgs),
    Eval(EvalArgs),
    Explain(ExplainArgs),
    Embed(EmbedArgs),
    Similar(SimilarArgs),
    Run(RunArgs),
    Summary(SummaryArgs),
    Verify(VerifyArgs),
    Bench(BenchArgs),
    Profile(ProfileArgs),
    Tune(TuneArgs),
    Compare(CompareArgs),
    Fetch(FetchArgs),
    Models(ModelsArgs),
    Devices(DevicesArgs),
    Man(ManArgs),
    Completions(CompletionsArgs),
    /// Measure one row for `bench`: read a job from stdin, write lines of JSON to stdout
    #[command(hide = true)]
    BenchWorker,
}
