//! The arguments of `verify`.

use clap::Args;

use crate::options::model::ModelArgs;

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
