//! `resnet similar`: the nearest pictures in a file of features.

use std::borrow::Cow;
use std::path::PathBuf;

use clap::Args;
use resnet_wgpu::low_level::features::{Features, FeaturesError, FeaturesProvenance};
use serde::Serialize;

use crate::commands::embed::{Embedder, features};
use crate::device;
use crate::failure::Failure;
use crate::options::model::ModelArgs;
use crate::term;

/// Find similar images in a file of features
///
/// Compute the features of the query image in the same way as those in the file, and list the
/// images with the most similar features. The similarity is the cosine of the angle between two
/// feature vectors; 1 means the same direction. The model must be the one that made the file.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  resnet similar photo.jpg --model resnet50 --pretrained --features pictures.safetensors -k 5")]
pub struct SimilarArgs {
    /// Image to compare with the file
    #[arg(value_name = "QUERY")]
    pub query: PathBuf,

    /// Feature file that `resnet embed` wrote
    #[arg(long, value_name = "FILE.safetensors")]
    pub features: PathBuf,

    /// Number of images to list
    #[arg(short, value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub k: u32,

    /// Print one JSON object per line: path, similarity and row, best first
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}

/// One line of `--json`.
#[derive(Debug, Serialize)]
struct SimilarLine<'a> {
    path: Cow<'a, str>,
    similarity: f32,
    row: usize,
}

/// Runs the command.
pub fn command(args: &SimilarArgs) -> Result<(), Failure> {
    let file = Features::open(&args.features).map_err(features)?;
    let model = args.model.load_trained()?;
    let layer = &file.provenance().layer;
    let preprocess = model.preprocess(&args.model.overrides())?;
    let expected = FeaturesProvenance::new(&model, layer, &preprocess)?;
    // Checked before the network is set up for a layer that it may not have.
    if !expected.is_comparable(file.provenance()) {
        return Err(features(FeaturesError::OtherModel {
            file: term::display_path(&args.features),
            expected: expected.to_string(),
            found: file.provenance().to_string(),
        }));
    }
    let on = device::open(&args.model.device, args.model.kernels)?;
    let embedder = Embedder::new(&on, &model, &args.model, Some(layer), 1)?;
    args.model.announce();
    let query = embedder.features(&args.query)?;
    let near = file.neighbours(&query, args.k as usize).map_err(features)?;
    for found in &near {
        if args.json {
            term::print_json(&SimilarLine {
                path: found.path.to_string_lossy(),
                similarity: found.similarity,
                row: found.row,
            })?
        } else {
            let path = term::display_path(&found.path);
            term::print(&format!("  {:7.4}  {path}\n", found.similarity))?;
        }
    }
    Ok(())
}
