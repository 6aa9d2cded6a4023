//! `resnet embed`: writes the features of photos to a file.

pub mod args;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use resnet_wgpu::low_level::features::{
    FeaturesError, FeaturesProvenance, FeaturesWriter, normalize, pooled_layer,
};
use resnet_wgpu::low_level::graph::Shape;
use resnet_wgpu::{Classifier, ClassifierOptions, Device, Error, ImageLimits, Model, decode_file};
use serde::Serialize;

use crate::commands::embed::args::EmbedArgs;
use crate::device;
use crate::failure::{Failure, with_sources};
use crate::interrupt::stop_on_interrupt;
use crate::options::model::ModelArgs;
use crate::output_file::OutputFile;
use crate::progress::Progress;
use crate::skipped::{SkipCounts, SkipReason};
use crate::stream::{self, Outcome};
use crate::term;
use resnet_wgpu_bench::text::number::{rate, thousands};

/// The default batch size, if there are that many images.
const BATCH: usize = 32;

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct EmbedReport<'a> {
    output: String,
    images: usize,
    failed: usize,
    errors: Vec<SkippedImage>,
    shape: Vec<usize>,
    layer: &'a str,
    model: &'a str,
    device: String,
    images_per_second: f64,
}

/// A skipped image with the reason.
#[derive(Debug, Serialize)]
struct SkippedImage {
    path: String,
    #[serde(flatten)]
    error: SkipReason,
}

impl SkippedImage {
    fn new(path: &Path, error: SkipReason) -> Self {
        Self {
            path: path.to_string_lossy().into_owned(),
            error,
        }
    }
}

/// Runs the command.
pub fn command(args: &EmbedArgs) -> Result<(), Failure> {
    let model = args.model.load_trained()?;
    let (images, without) = stream::find(&args.images);
    let all = images.len() + without.len();
    let mut skip_counts = SkipCounts::default();
    without.iter().for_each(|(_, error)| skip_counts.add(error));
    let mut errors: Vec<SkippedImage> = (without.into_iter())
        .map(|(path, error)| SkippedImage::new(path, error))
        .collect();
    let missing = errors.len();
    if images.is_empty() {
        return Err(Failure::Reported);
    }
    let read = images.iter().chain(&args.model.weights);
    let output = OutputFile::at(&args.output, read)?;
    let on = device::open(&args.model.device, args.model.kernels)?;
    let embedder = Embedder::new(
        &on,
        &model,
        &args.model,
        args.layer.as_deref(),
        images.len().min(BATCH),
    )?;
    args.model.announce();
    let classifier = &embedder.classifier;
    (args.model).announce_precision(classifier.session().precision());
    let layer = &embedder.layer;
    let shape = embedder.shape;
    let provenance = FeaturesProvenance {
        normalized: args.normalize,
        ..FeaturesProvenance::new(&model, layer, classifier.preprocess())?
    };
    let mut writer =
        FeaturesWriter::create(output.path(), provenance, &extents(shape), images.len())
            .map_err(features)?;

    let stop = stop_on_interrupt(Some(writer.part()));
    let limits = ImageLimits::default();
    let mut progress = Progress::bar(images.len(), "images");
    let begun = Instant::now();
    let mut row = Vec::with_capacity(shape.len());
    let (_, ran) = stream::run(
        classifier,
        &stream::Images {
            items: &images,
            load: &|path| stream::read(path, &limits),
            name: &|path| term::display_path(path),
        },
        &stop,
        |index, outcome, _| {
            match outcome {
                Outcome::Skipped(why) => {
                    skip_counts.add(&why);
                    progress.suspend(|| term::error(&why.message));
                    errors.push(SkippedImage::new(&images[index], why));
                }
                Outcome::Scored(scores, index_in_batch) => {
                    let values = scores.layer(layer, index_in_batch).unwrap_or_default();
                    in_pytorchs_order(values, shape, &mut row);
                    if args.normalize {
                        normalize(&mut row);
                    }
                    writer.add(&images[index], &row).map_err(features)?;
                }
            }
            progress.advance(1);
            Ok(())
        },
    );
    drop(progress);
    skip_counts.announce(all);
    ran?;
    let broken = skip_counts.total() - missing;
    let seconds = begun.elapsed().as_secs_f64();
    let rows = writer.rows();
    if stop.load(Ordering::Relaxed) && rows + broken < images.len() {
        return Err(Failure::new(format!(
            "interrupted after {} of {} images: {} is not written",
            thousands(rows as u64),
            thousands(images.len() as u64),
            term::display_path(&args.output)
        )));
    }
    if rows == 0 {
        return Err(Failure::Reported);
    }
    writer.finish().map_err(features)?;
    let mut shape_of_all = vec![rows];
    shape_of_all.extend(extents(shape));
    let report = EmbedReport {
        output: term::display_path(&args.output),
        images: rows,
        failed: skip_counts.total(),
        errors,
        shape: shape_of_all,
        layer,
        model: &model.network().name,
        device: on.to_string(),
        images_per_second: rows as f64 / seconds.max(1e-9),
    };
    if args.json {
        term::print_json(&report)?
    } else {
        term::print(&text(&report))?
    }
    match skip_counts.total() {
        0 => Ok(()),
        _ => Err(Failure::Reported),
    }
}

fn text(report: &EmbedReport) -> String {
    let shape: Vec<String> = report.shape.iter().map(usize::to_string).collect();
    let mut text = format!(
        "output  {}\nshape   {} ({} of {})\nimages  {}\n",
        report.output,
        shape.join("×"),
        report.layer,
        report.model,
        thousands(report.images as u64),
    );
    if report.failed > 0 {
        text += &format!("failed  {}\n", thousands(report.failed as u64));
    }
    text + &format!("speed   {} images/s\n", rate(report.images_per_second))
}

/// A classifier that also returns the output of a layer.
pub struct Embedder {
    pub classifier: Classifier,
    /// The layer's name.
    pub layer: String,
    /// The shape of the layer's output for one image.
    pub shape: Shape,
}

impl Embedder {
    /// Creates a classifier that returns `layer`, or the pooled features if `layer` is `None`.
    pub fn new(
        device: &Device,
        model: &Model,
        args: &ModelArgs,
        layer: Option<&str>,
        batch: usize,
    ) -> Result<Self, Failure> {
        let (h, w) = model.preprocess(&args.overrides())?.crop;
        let graph = model.graph(h as usize, w as usize).map_err(Error::from)?;
        let layer = layer.map(str::to_owned).or_else(|| pooled_layer(&graph));
        let layer = layer.ok_or_else(|| {
            Failure::usage(format!(
                "{} has no classifier, and so no pooled features; name a --layer",
                model.network().name
            ))
        })?;
        let options = ClassifierOptions {
            batch: args.batch(batch),
            precision: args.precision,
            in_flight: stream::in_flight(device),
            preprocess: args.overrides(),
            choice: args.choice.choice_on(device.gpu(), args.precision),
            layers: vec![layer.clone()],
            ..Default::default()
        };
        let classifier = Classifier::new(device, model, &options)?;
        // Creating the session has already checked that the layer exists.
        let node = graph.find(&layer).map(|id| graph.node(id).shape);
        Ok(Self {
            shape: node.unwrap_or(graph.output_shape()),
            layer,
            classifier,
        })
    }

    /// Computes the features of one picture.
    pub fn features(&self, path: &Path) -> Result<Vec<f32>, Failure> {
        let photo = decode_file(path, &ImageLimits::default())?;
        let scores = self.classifier.score(&photo)?;
        let mut row = vec![];
        let values = scores.layer(&self.layer, 0).unwrap_or_default();
        in_pytorchs_order(values, self.shape, &mut row);
        Ok(row)
    }
}

/// Returns the shape of a row: `[C]` for a vector, otherwise `[C, H, W]`.
fn extents(shape: Shape) -> Vec<usize> {
    match (shape.h, shape.w) {
        (1, 1) => vec![shape.c],
        (h, w) => vec![shape.c, h, w],
    }
}

/// Reorders values from `[H, W, C]` to `[C, H, W]`.
fn in_pytorchs_order(values: &[f32], shape: Shape, row: &mut Vec<f32>) {
    let places = shape.h * shape.w;
    row.clear();
    for channel in 0..shape.c {
        row.extend((0..places).map(|place| values[place * shape.c + channel]));
    }
}

/// Converts an error of a feature file to a failure.
pub fn features(error: FeaturesError) -> Failure {
    Failure::new(with_sources(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_pytorchs_order() {
        let mut row = vec![];
        in_pytorchs_order(&[1.0, 2.0, 3.0, 4.0], Shape::new(1, 2, 2), &mut row);
        assert_eq!(row, [1.0, 3.0, 2.0, 4.0]);
        assert_eq!(extents(Shape::new(1, 1, 8)), [8]);
        assert_eq!(extents(Shape::new(1, 2, 8)), [8, 1, 2]);
    }
}
