//! `resnet explain`: shows the regions of a picture that support a prediction.

pub mod args;
pub mod panels;

use std::collections::HashMap;
use std::io::{Cursor, IsTerminal};
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageFormat};
use resnet_wgpu::low_level::preprocess::RgbImage;
use resnet_wgpu::{Explainer, ExplainerOptions, Explanation, ImageLimits, Labels, Model, Tensor};
use serde::Serialize;

use crate::commands::explain::args::ExplainArgs;
use crate::commands::explain::panels::panels;
use crate::device;
use crate::failure::Failure;
use crate::options::model::label_source;
use crate::output_file::OutputFile;
use crate::skipped;
use crate::stream;
use crate::tensor_file::to_bytes;
use crate::term;

/// The largest width of a picture in the terminal, in columns.
const COLUMNS: u32 = 80;

/// The assumed number of rows of a terminal that does not report its size.
const ROWS: u32 = 40;

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct ExplainReport<'a> {
    path: String,
    model: &'a str,
    device: String,
    labels: &'static str,
    region: [f64; 4],
    rows: usize,
    columns: usize,
    classes: Vec<ClassExplanation<'a>>,
}

#[derive(Debug, Serialize)]
struct ClassExplanation<'a> {
    class: usize,
    label: &'a str,
    probability: f32,
    logit: f32,
    bias: f32,
    peak: [usize; 2],
}

/// Runs the command.
pub fn command(args: &ExplainArgs) -> Result<(), Failure> {
    let model = args.model.load_trained()?;
    let labels = args.model.class_names(&model)?;
    let class = (args.class.as_ref())
        .map(|name| class(name, &labels, &model))
        .transpose()?;
    let format = args.output.as_deref().map(format).transpose()?;
    let output = output_file(args, args.output.as_ref())?;
    let map = output_file(args, args.map.as_ref())?;
    if let (Some(output), Some(map)) = (&output, &map)
        && output.is_same_file(map)
    {
        return Err(Failure::usage(
            "--map and --output: expected two files, found one; name another",
        ));
    }
    let photo = match stream::read(&args.image, &ImageLimits::default()) {
        Ok(photo) => photo,
        Err(reason) => {
            if args.json {
                term::print_json(&skipped::SkippedLine::new(&args.image, &reason))?;
            }
            return Err(Failure::new(reason.message));
        }
    };

    let on = device::open(&args.model.device, args.model.kernels)?;
    let options = ExplainerOptions {
        precision: args.model.precision,
        preprocess: args.model.overrides(),
        labels: Some(&labels).filter(|labels| !labels.is_empty()).cloned(),
        choice: (args.model.choice).choice_on(on.gpu(), args.model.precision),
    };
    let explainer = Explainer::new(&on, &model, &options)?;
    args.model.announce();
    args.model.announce_labels(&labels);
    (args.model).announce_precision(explainer.classifier().session().precision());
    let found = match class {
        Some(class) => vec![explainer.explain_class(&photo, class)?],
        None => explainer.explain(&photo, args.top_k as usize)?,
    };

    let picture = panels(&photo, explainer.preprocess(), &found)?;
    if let (Some(output), Some(format)) = (output, format) {
        output.write(&encode(&picture, format)?)?;
    }
    if let Some(map) = map {
        map.write(&maps(&found, &model)?)?;
    }
    if args.json {
        let region = explainer
            .preprocess()
            .region(photo.width(), photo.height())?;
        let first = found.first().map(|e| &e.map);
        return term::print_json(&ExplainReport {
            path: args.image.to_string_lossy().into_owned(),
            model: &model.network().name,
            device: on.to_string(),
            labels: label_source(&labels),
            region: [region.left, region.top, region.width, region.height],
            rows: first.map_or(0, |map| map.height),
            columns: first.map_or(0, |map| map.width),
            classes: found.iter().map(report).collect(),
        });
    }
    term::print(&text(&args.image, &found))?;
    show(&picture);
    Ok(())
}

fn report(found: &Explanation) -> ClassExplanation<'_> {
    let (row, column) = found.map.peak();
    ClassExplanation {
        class: found.prediction.class,
        label: &found.prediction.label,
        probability: found.prediction.probability,
        logit: found.prediction.logit,
        bias: found.map.bias,
        peak: [row, column],
    }
}

/// Finds the class with a name, synset or index.
fn class(name: &str, labels: &Labels, model: &Model) -> Result<usize, Failure> {
    let classes = model.network().classes;
    let index = || name.parse().ok().filter(|&class| class < classes);
    let by_part = || {
        // Accepts a name in different case, or a part of a name that occurs in no other name.
        let lower = name.to_lowercase();
        let names = (0..labels.len()).map(|class| labels.get(class).to_lowercase());
        let names: Vec<String> = names.collect();
        let equal = names.iter().position(|label| *label == lower);
        let mut parts = (0..names.len()).filter(|&class| names[class].contains(&lower));
        let part = parts.next().filter(|_| parts.next().is_none());
        equal.or(part)
    };
    let found = labels.index_of(name).or_else(index);
    found.or_else(by_part).ok_or_else(|| {
        let lower = name.to_lowercase();
        let near = (0..labels.len()).map(|class| labels.get(class));
        let near = near.filter(|label| label.to_lowercase().contains(&lower));
        let near: Vec<_> = near.take(6).collect();
        Failure::usage(format!(
            "--class: expected the name, synset or index (0 to {}) of one class of {}, found \"{}\"{}",
            classes.saturating_sub(1),
            model.network().name,
            name.escape_debug(),
            if near.is_empty() { "; `resnet classify` shows names".into() } else { format!("; similar names are {}", near.join(", ")) }
        ))
    })
}

/// Returns the image format that the file's extension requests.
fn format(path: &Path) -> Result<ImageFormat, Failure> {
    match ImageFormat::from_path(path) {
        Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg)) => Ok(format),
        _ => Err(Failure::usage(format!(
            "--output {}: expected a name that ends in .png or .jpg",
            term::display_path(path)
        ))),
    }
}

fn output_file(args: &ExplainArgs, path: Option<&PathBuf>) -> Result<Option<OutputFile>, Failure> {
    let model = &args.model;
    let read = std::iter::once(&args.image).chain(&model.weights);
    let read = read.chain(&model.labels);
    path.map(|path| OutputFile::at(path, read)).transpose()
}

fn encode(picture: &RgbImage, format: ImageFormat) -> Result<Vec<u8>, Failure> {
    let mut bytes = Cursor::new(vec![]);
    let written = picture.write_to(&mut bytes, format);
    written.map_err(|e| Failure::new(format!("the overlay cannot be encoded: {e}")))?;
    Ok(bytes.into_inner())
}

/// Serializes the maps as a safetensors file.
fn maps(found: &[Explanation], model: &Model) -> Result<Vec<u8>, Failure> {
    let first = found.first().map(|e| &e.map);
    let (height, width) = first.map_or((0, 0), |map| (map.height, map.width));
    let values = found.iter().flat_map(|e| e.map.values.iter().copied());
    let one = |value: fn(&Explanation) -> f32| {
        let values: Vec<f32> = found.iter().map(value).collect();
        Tensor::new([found.len()], values)
    };
    let tensors = [
        (
            "map",
            Tensor::new([found.len(), height, width], values.collect()),
        ),
        ("logits", one(|e| e.prediction.logit)),
        ("bias", one(|e| e.map.bias)),
    ];
    let tensors: Vec<(String, Tensor)> = tensors
        .into_iter()
        .filter_map(|(name, tensor)| Some((name.into(), tensor?)))
        .collect();
    let classes: Vec<usize> = found.iter().map(|e| e.prediction.class).collect();
    let labels: Vec<&str> = found.iter().map(|e| e.prediction.label.as_str()).collect();
    let json = |value: serde_json::Result<String>| {
        value.map_err(|e| Failure::new(format!("the maps' metadata cannot be written: {e}")))
    };
    let metadata = HashMap::from([
        ("model".into(), model.network().name.clone()),
        ("classes".into(), json(serde_json::to_string(&classes))?),
        ("labels".into(), json(serde_json::to_string(&labels))?),
    ]);
    to_bytes(&tensors, metadata)
}

fn text(path: &Path, found: &[Explanation]) -> String {
    let width = found.iter().map(|e| e.prediction.label.chars().count());
    let width = width.max().unwrap_or(0);
    let mut text = format!("{}\n", term::display_path(path));
    for e in found {
        let (row, column) = e.map.peak();
        text += &format!(
            "  {:6.2} %  {:width$}  logit {:.3} = mean {:.3} of {}x{} positions + bias {:.3}; \
             maximum at row {}, column {}\n",
            100.0 * e.prediction.probability,
            e.prediction.label,
            e.prediction.logit,
            e.map.logit() - e.map.bias,
            e.map.height,
            e.map.width,
            e.map.bias,
            row + 1,
            column + 1,
        );
    }
    text
}

/// Shows the picture if stdout is a suitable terminal: as pixels if the terminal supports them,
/// otherwise as coloured half blocks.
fn show(picture: &RgbImage) {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if !std::io::stdout().is_terminal() || dumb || plain {
        return;
    }
    // Some terminals do not report their size.
    let reported = |n: u16, usual: u32| if n == 0 { usual } else { u32::from(n) };
    let (columns, rows) = viuer::terminal_size();
    let (columns, rows) = (
        reported(columns, COLUMNS).min(COLUMNS),
        reported(rows, ROWS),
    );
    // A character cell is two pixels high. One line is left for the prompt.
    let (width, height) = picture.dimensions();
    let fit = u64::from(2 * rows.saturating_sub(1)) * u64::from(width) / u64::from(height.max(1));
    let fit = u32::try_from(fit).unwrap_or(u32::MAX);
    // The Kitty protocol is used only on terminals known to support it: viuer queries any other
    // terminal, and waits forever if that terminal does not reply.
    let has = |name: &str, part: &str| std::env::var(name).is_ok_and(|value| value.contains(part));
    let kitty = has("TERM", "kitty") || has("TERM", "ghostty") || has("TERM_PROGRAM", "WezTerm");
    let config = viuer::Config {
        use_kitty: kitty && std::io::stdin().is_terminal(),
        absolute_offset: false,
        width: Some(columns.min(fit).max(1)),
        ..Default::default()
    };
    // On an error, the text output that is already printed suffices.
    let _ = viuer::print(&DynamicImage::ImageRgb8(picture.clone()), &config);
}
