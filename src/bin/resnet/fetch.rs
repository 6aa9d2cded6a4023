//! `resnet fetch`: models into the cache, ahead of their use.

use std::path::PathBuf;

use resnet_wgpu::hub::{Hub, ModelId, Origin};
use serde::Serialize;

use crate::failure::Failure;
use crate::fetching;
use crate::hub_args::FetchArgs;
use crate::model_choice::Weights;
use crate::term;

/// One line of `--json`.
#[derive(Debug, Default, Serialize)]
struct Line<'a> {
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
            Weights::Embedded => {
                term::note(&format!(
                    "{name}: in this program, there is nothing to fetch"
                ));
                Line {
                    name,
                    ..Line::default()
                }
            }
            Weights::Hub(id) => match fetch(&hub, name, id) {
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
            // As it is, for `$(resnet fetch …)`.
            (Some(path), false) => term::print(&format!("{}\n", path.display()))?,
            (None, false) => {}
        }
    }
    match failed {
        true => Err(Failure::Reported),
        false => Ok(()),
    }
}

fn fetch<'a>(hub: &Hub, name: &'a str, id: &'a ModelId) -> Result<Line<'a>, Failure> {
    let fetched = fetching::fetch(hub, id)?;
    Ok(Line {
        name,
        repository: Some(id.repo()),
        revision: Some(id.revision()),
        commit: Some(fetched.commit),
        weights: Some(fetched.weights),
        transferred: match fetched.origin {
            Origin::Hub(bytes) => bytes,
            _ => 0,
        },
    })
}
