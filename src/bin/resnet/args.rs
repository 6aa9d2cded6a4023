//! The command line: its commands, and what each takes besides the model.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::bench_args::{BenchArgs, ProfileArgs};
use crate::compare_args::CompareArgs;
use crate::embed_args::{EmbedArgs, SimilarArgs};
use crate::eval_args::EvalArgs;
use crate::explain_args::ExplainArgs;
use crate::hub_args::{FetchArgs, ModelsArgs};
use crate::manual::{CompletionsArgs, ManArgs};
use crate::model_args::ModelArgs;
use crate::tune_args::TuneArgs;

/// Classify photos with any ResNet on any GPU
///
/// Classify photos with any ResNet on any GPU: PyTorch's logits from
/// unmodified checkpoints, through wgpu (Vulkan, Metal, Direct3D 12, OpenGL).
/// Results go to stdout, everything else to stderr.
#[derive(Debug, Parser)]
#[command(name = "resnet", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
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

Exit codes: 0 all went well, 1 something failed, 2 the command line asks for what cannot be.
`resnet COMMAND --help` describes each command in full.";

/// One command each.
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
    /// Measures one row for `bench`: a job on stdin, lines of JSON on stdout
    #[command(hide = true)]
    BenchWorker,
}

/// What is on the photos: the likeliest classes of each
///
/// Prints the likeliest classes of each image, best first. Directories are
/// walked (png, jpg, jpeg, webp, bmp, gif, tif, tiff; hidden files are passed
/// over). A file that cannot be read is reported on stderr, the others go on,
/// and the exit code is 1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet classify photos/chelsea.png
  resnet classify --weights resnet50.safetensors photos/ more/
  resnet classify --json photos/ | jq -r '[.path, .top[0].label] | @tsv'")]
pub struct ClassifyArgs {
    /// Image files, and directories of them
    #[arg(value_name = "IMAGE|DIR", required = true)]
    pub images: Vec<PathBuf>,

    /// How many classes to show
    #[arg(short, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub k: u32,

    /// One JSON object a line
    ///
    /// One JSON object a line: path, model, device, and top, a list of class
    /// (index), label, probability (0 to 1) and logit, best first.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}

/// Runs tensors: from a safetensors file to a safetensors file
///
/// Reads the tensor `input`, [N, 3, H, W] and already normalised, and writes
/// `logits`, [N, classes], and one tensor for each --layer: exactly what the
/// PyTorch module of that name puts out. H and W are the input's own, so
/// --input-size and the other options that prepare images have no say.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  resnet run --weights resnet50.safetensors --input in.safetensors --output out.safetensors \\
      --layer layer4 --layer layer1.0.conv2")]
pub struct RunArgs {
    /// safetensors file with the tensor `input`, [N, 3, H, W], f32 (f16, bf16, f64 are converted)
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,

    /// safetensors file to write; one that is there is replaced when all is done
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,

    /// PyTorch module whose output is wanted too, such as layer4 (may be repeated)
    ///
    /// PyTorch module whose output is wanted too, under torchvision's name
    /// whatever the checkpoint's naming: layer4, layer1.0.conv2, avgpool. It is
    /// [N, C, H, W]; [N, C] for the fully connected layers and what follows
    /// them. May be repeated; `resnet summary` lists the names (a block's `relu` is its last one).
    /// NaN in gives NaN out, as in PyTorch.
    #[arg(long = "layer", value_name = "NAME")]
    pub layers: Vec<String>,

    #[command(flatten)]
    pub model: ModelArgs,
}

/// What the network is: layers, shapes, parameters, multiply-accumulates
///
/// Prints what was recognised and from what, then each layer with its output
/// (channels × rows × columns), its learned parameters and its
/// multiply-accumulates for one image.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet summary --weights resnet50.safetensors
  resnet summary --model resnet20 --dot | dot -Tsvg > resnet20.svg")]
pub struct SummaryArgs {
    /// As one JSON object
    #[arg(long, conflicts_with_all = ["dot", "plan"])]
    pub json: bool,

    /// As a drawing in Graphviz's language
    #[arg(long, conflicts_with = "plan")]
    pub dot: bool,

    /// The plan that the device would run: kernels, dispatches, buffers
    #[arg(long, hide_short_help = true)]
    pub plan: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}

/// Is the device right? Each layer on the GPU against the CPU
///
/// Runs each layer of a network on the device, fed with the CPU twin's own
/// inputs, and compares; then the logits end to end. Beyond 1e-4 of a layer's
/// largest value it fails. --kernels does the same for every kernel variant
/// on random shapes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet verify
  resnet verify --model resnet50 --device nvidia
  resnet verify --kernels --seed 7 --cases 200")]
pub struct VerifyArgs {
    /// Every kernel variant on random shapes, instead of a network
    #[arg(long, conflicts_with_all = ["weights", "model", "kernel", "tuning"])]
    pub kernels: bool,

    /// Seed of the random shapes
    #[arg(long, value_name = "N", default_value_t = 0, requires = "kernels")]
    pub seed: u64,

    /// Random shapes for each kernel
    #[arg(long, value_name = "N", default_value_t = 40, requires = "kernels",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub cases: u32,

    /// One JSON object
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}

/// Which devices there are, what each can do, and which one `auto` takes
#[derive(Debug, Args)]
pub struct DevicesArgs {
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
}
