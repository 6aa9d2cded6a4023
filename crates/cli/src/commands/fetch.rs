//! `resnet fetch`: downloads models to the cache ahead of their use.

use std::path::PathBuf;

use clap::Args;
use resnet_wgpu::hub::{Hub, ModelId, Provenance};
use serde::Serialize;

use crate::failure::Failure;
use crate::fetching;
use crate::options::model_choice::WeightsSource;
use crate::options::model_choice::parse_trained;
use crate::term;

/// Fetch models into the Hugging Face cache
///
/// Fetch models from the Hugging Face hub into its usual cache, ahead of their use, and print the
/// path of each model's weights. Files in the cache are not fetched again. An interrupted transfer
/// continues where it stopped. A name that fails is reported on stderr. The other names are still
/// fetched, and the exit code is 1.
///
/// The environment variables are those of Python's huggingface_hub: HF_HOME or HF_HUB_CACHE
/// (location of the cache), HF_TOKEN (for private and gated models), HF_ENDPOINT (a mirror),
/// HF_HUB_OFFLINE (use only the cache), HTTPS_PROXY.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet fetch resnet50
  resnet fetch timm/resnet50.a1_in1k microsoft/resnet-50
  resnet fetch timm/resnet50.a1_in1k@main --json
  HF_HUB_OFFLINE=1 resnet classify --model timm/resnet50.a1_in1k photo.jpg")]
pub struct FetchArgs {
    /// Models on the hub (org/name, org/name@revision), and presets with known weights
    #[arg(value_name = "NAME", required = true, value_parser = parse_trained)]
    pub names: Vec<(String, WeightsSource)>,

    /// Print one JSON object per line
    ///
    /// Each object has name, repository, revision, commit, weights (the path) and transferred
    /// (bytes). For weights that are embedded in this program, only name and transferred are set;
    /// the other fields are null.
    #[arg(long)]
    pub json: bool,
}

/// One line of `--json`.
#[derive(Debug, Default, Serialize)]
struct FetchLine<'a> {
    name: &'a str,
    repository: Option<&'a str>,
    revision: Option<&'a str>,
    commit: Option<String>,
    weights: Option<PathBuf>,
    transferred: u64,
}

/// Runs the command.
pub fn command(args: &FetchArgs) -> Result<(), Failure> {
    let hub = fetching::hub()?;
    let mut failed = false;
    for (name, weights) in &args.names {
        let line = match weights {
            WeightsSource::Embedded => {
                term::note(&format!(
                    "{name}: the weights are in this program; nothing to fetch"
                ));
                FetchLine {
                    name,
                    ..FetchLine::default()
                }
            }
            WeightsSource::Hub(id) => match fetch(&hub, name, id) {
                Ok(line) => line,
                Err(Failure::Failed(message)) => {
                    failed = true;
                    term::error(&message);
                    continue;
                }
                Err(other) => return Err(other),
            },
        };
        match (&line.weights, args.json) {
            (_, true) => term::print_json(&line)?,
            // The path is printed unmodified, for `$(resnet fetch …)`.
            (Some(path), false) => term::print(&format!("{}\n", path.display()))?,
            (None, false) => {}
        }
    }
    if failed {
        Err(Failure::Reported)
    } else {
        Ok(())
    }
}

fn fetch<'a>(hub: &Hub, name: &'a str, id: &'a ModelId) -> Result<FetchLine<'a>, Failure> {
    let fetched = fetching::fetch(hub, id)?;
    Ok(FetchLine {
        name,
        repository: Some(id.repo()),
        revision: Some(id.revision()),
        commit: Some(fetched.commit),
        weights: Some(fetched.weights),
        transferred: match fetched.provenance {
            Provenance::Hub(bytes) => bytes,
            _ => 0,
        },
    })
}
