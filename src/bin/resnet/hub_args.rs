//! What `fetch` and `models` take.

use clap::Args;

use crate::model_choice::{Weights, parse_trained};

/// Fetches models ahead, into the Hugging Face cache
///
/// Fetches models from the Hugging Face hub into its usual cache, and prints
/// where each one's weights are. What is there already is not fetched again,
/// and a transfer that broke off goes on where it ended. A name that fails is
/// reported on stderr, the others go on, and the exit code is 1.
///
/// The environment says what it does for Python's huggingface_hub: HF_HOME or
/// HF_HUB_CACHE (where the cache is), HF_TOKEN (for private and gated models),
/// HF_ENDPOINT (a mirror), HF_HUB_OFFLINE (the cache alone), HTTPS_PROXY.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet fetch resnet50
  resnet fetch timm/resnet50.a1_in1k microsoft/resnet-50
  resnet fetch timm/resnet50.a1_in1k@main --json
  HF_HUB_OFFLINE=1 resnet classify --model timm/resnet50.a1_in1k photo.jpg")]
pub struct FetchArgs {
    /// Models of the hub (org/name, org/name@revision), and presets that `resnet models` has weights of
    #[arg(value_name = "NAME", required = true, value_parser = parse_trained)]
    pub names: Vec<(String, Weights)>,

    /// One JSON object a line
    ///
    /// One JSON object a line: name, repository, revision, commit, weights (the
    /// path), transferred (bytes). For what this program has in itself all but
    /// the name and transferred are null.
    #[arg(long)]
    pub json: bool,
}

/// Which models have trained weights, where, and what is in the cache
///
/// Lists the presets with known weights, other weights of the same networks,
/// their licences, the published top-1 with what it was measured at, and what
/// is in the cache. It asks nobody, and works offline.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
}
