//! `resnet similar`: the nearest pictures in a file of features.

use std::borrow::Cow;

use resnet_wgpu::features::{Features, FeaturesError, Origin};
use serde::Serialize;

use crate::device;
use crate::embed::{Embedder, features};
use crate::embed_args::SimilarArgs;
use crate::failure::Failure;
use crate::term;

/// One line of `--json`.
#[derive(Debug, Serialize)]
struct Line<'a> {
    path: Cow<'a, str>,
    similarity: f32,
    row: usize,
}

/// Runs the command.
pub fn command(args: &SimilarArgs) -> Result<(), Failure> {
    let file = Features::open(&args.features).map_err(features)?;
    let model = args.model.load_trained()?;
    let layer = &file.origin().layer;
    let preprocess = model.preprocess(&args.model.overrides())?;
    let expected = Origin::new(&model, layer, &preprocess, false)?;
    // Before the network is set up for a layer that it may not have.
    if !expected.is_comparable(file.origin()) {
        return Err(features(FeaturesError::OtherModel {
            file: term::shown(&args.features),
            expected: expected.to_string(),
            found: file.origin().to_string(),
        }));
    }
    let gpu = device::open(&args.model.device, args.model.kernels)?;
    let embedder = Embedder::new(gpu.as_ref(), &model, &args.model, Some(layer), 1)?;
    args.model.announce();
    let query = embedder.features(&args.query)?;
    let near = file.nearest(&query, args.k as usize).map_err(features)?;
    for found in &near {
        match args.json {
            true => term::print_json(&Line {
                path: found.path.to_string_lossy(),
                similarity: found.similarity,
                row: found.row,
            })?,
            false => {
                let path = term::shown(&found.path);
                term::print(&format!("  {:7.4}  {path}\n", found.similarity))?;
            }
        }
    }
    Ok(())
}
