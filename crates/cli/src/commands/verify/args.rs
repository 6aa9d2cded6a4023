//! The arguments of `verify`.

use clap::Args;

use crate::options::model::ModelArgs;

/// Check every layer on the GPU against the CPU reference
///
/// Run each layer of a network on the device, with inputs from the CPU reference, and compare the
/// outputs with those of the reference. Then compare the logits end to end. A layer fails if an
/// error exceeds 1e-4 of its largest value. --kernels checks every kernel in the same way, on
/// random shapes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet verify
  resnet verify --model resnet50 --device nvidia
  resnet verify --kernels --seed 7 --cases 200")]
pub struct VerifyArgs {
    /// Check every kernel on random shapes, instead of a network
    #[arg(long, conflicts_with_all = ["weights", "model", "kernel", "tuning"])]
    pub kernels: bool,

    /// Seed of the random shapes
    #[arg(long, value_name = "N", default_value_t = 0, requires = "kernels")]
    pub seed: u64,

    /// Number of random shapes for each kernel
    #[arg(long, value_name = "N", default_value_t = 40, requires = "kernels",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub cases: u32,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}
