//! `resnet models`: the models with known trained weights, and the content of the cache.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use resnet_wgpu::hub::{
    CachedModel, Hub, PRETRAINED_WEIGHTS, PretrainedWeights, WeightsLocation, pretrained_weights,
};
use resnet_wgpu::low_level::models::presets;
use serde::Serialize;

use crate::failure::Failure;
use crate::fetching;
use crate::term;
use resnet_wgpu_bench::text::number::bytes;
use resnet_wgpu_bench::text::table::{Alignment, Table};

/// List models with trained weights
///
/// List the presets with known weights, other weights of the same networks, their licences, the
/// published top-1 accuracy with the settings of its measurement, and the weights in the cache.
/// The command sends no requests and works offline.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct ModelsReport {
    /// The folder of the cache.
    cache: PathBuf,
    models: Vec<ModelEntry>,
}

/// A preset, or other weights of its network.
#[derive(Debug, Serialize)]
struct ModelEntry {
    preset: &'static str,
    /// True if `--pretrained` selects these weights.
    pretrained: bool,
    /// `embedded`, or the name on the hub; null if no weights are known.
    weights: Option<&'static str>,
    licence: Option<&'static str>,
    top1: Option<Top1>,
    cached: Option<CacheEntry>,
}

#[derive(Debug, Serialize)]
struct Top1 {
    percent: f64,
    data: &'static str,
    input_size: u32,
    crop_pct: f64,
    interpolation: &'static str,
    source: &'static str,
}

#[derive(Debug, Serialize)]
struct CacheEntry {
    commit: String,
    weights: PathBuf,
    bytes: u64,
}

/// Runs the command.
pub fn command(args: &ModelsArgs) -> Result<(), Failure> {
    let hub = fetching::hub()?;
    let known = presets().map(|preset| match pretrained_weights(preset) {
        Some(weights) => model(&hub, weights),
        None => ModelEntry {
            preset,
            pretrained: false,
            weights: None,
            licence: None,
            top1: None,
            cached: None,
        },
    });
    let others = PRETRAINED_WEIGHTS.iter().filter(|weights| !weights.default);
    let report = ModelsReport {
        cache: hub.options().cache.clone(),
        models: known
            .chain(others.map(|weights| model(&hub, weights)))
            .collect(),
    };
    if args.json {
        term::print_json_pretty(&report)
    } else {
        term::print(&text(&report))
    }
}

fn model(hub: &Hub, weights: &PretrainedWeights) -> ModelEntry {
    let id = weights.id().and_then(Result::ok);
    let cached = id.and_then(|id| hub.cached(&id));
    ModelEntry {
        preset: weights.preset,
        pretrained: weights.default,
        weights: Some(match weights.location {
            WeightsLocation::Hub(id) => id,
            _ => "embedded",
        }),
        licence: Some(weights.licence),
        top1: weights.accuracy.map(|a| Top1 {
            percent: a.top1,
            data: a.data,
            input_size: a.side,
            crop_pct: a.crop_pct,
            interpolation: a.filter,
            source: a.source,
        }),
        cached: cached.map(
            |CachedModel {
                 commit,
                 weights,
                 bytes,
                 ..
             }| CacheEntry {
                commit,
                weights,
                bytes,
            },
        ),
    }
}

fn text(report: &ModelsReport) -> String {
    let mut text = String::new();
    let part = |pretrained| {
        let mut table = Table::new(&[
            ("network", Alignment::Left),
            ("weights", Alignment::Left),
            ("licence", Alignment::Left),
            ("top-1", Alignment::Right),
            ("at", Alignment::Left),
            ("published by", Alignment::Left),
            ("in the cache", Alignment::Right),
        ]);
        let rows = report.models.iter();
        for row in rows.filter(|m| m.weights.is_some() && m.pretrained == pretrained) {
            table.row(cells(row));
        }
        table.text()
    };
    let without_weights = report.models.iter().filter(|m| m.weights.is_none());
    let without_weights: Vec<&str> = without_weights.map(|m| m.preset).collect();
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "Presets, as --model PRESET --pretrained\n\n{}\n\
         Other weights of these networks, as --model ORG/NAME\n\n{}\n\
         Presets without known weights: {}.\n\n\
         The cache is {} (HF_HOME).\n",
        part(true),
        part(false),
        without_weights.join(", "),
        term::display_path(&report.cache)
    );
    text
}

fn cells(model: &ModelEntry) -> Vec<String> {
    let words = |text: Option<&str>| text.unwrap_or("").to_owned();
    let cached = match (&model.cached, model.weights) {
        (Some(cached), _) => bytes(cached.bytes),
        (None, Some("embedded")) => "not needed".into(),
        (None, _) => String::new(),
    };
    let top1 = model.top1.as_ref();
    vec![
        model.preset.to_owned(),
        words(model.weights),
        words(model.licence),
        top1.map_or("not published".into(), |t| format!("{:.2} %", t.percent)),
        top1.map_or(String::new(), |t| {
            let data = if t.data == "ImageNet" {
                ""
            } else {
                " (CIFAR-10)"
            };
            format!(
                "{} px, crop {}, {}{data}",
                t.input_size, t.crop_pct, t.interpolation
            )
        }),
        words(top1.map(|t| t.source)),
        cached,
    ]
}
