//! `resnet classify`: the likeliest classes of photos.

use std::borrow::Cow;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use clap::Args;
use resnet_wgpu::{Classifier, ClassifierOptions, ImageLimits, Prediction};
use serde::Serialize;

use crate::device;
use crate::failure::Failure;
use crate::options::model::ModelArgs;
use crate::options::model::label_source;
use crate::progress::Progress;
use crate::skipped::{self, SkipCounts};
use crate::stream::{self, Outcome};
use crate::term;

/// Classify images
///
/// Print the likeliest classes of each image, best first. Directories are searched recursively
/// (png, jpg, jpeg, webp, bmp, gif, tif, tiff); hidden files are skipped. A file that cannot be
/// read is reported on stderr. The other files are still classified, and the exit code is 1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  resnet classify photos/chelsea.png
  resnet classify --weights resnet50.safetensors photos/ more/
  resnet classify --json photos/ | jq -r '[.path, .top[0].label] | @tsv'")]
pub struct ClassifyArgs {
    /// Image files and directories of images
    #[arg(value_name = "IMAGE|DIR", required = true)]
    pub images: Vec<PathBuf>,

    /// Number of classes to show
    #[arg(short, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub k: u32,

    /// Print one JSON object per line
    ///
    /// Each object has path, model, device and top. `top` is a list of class (index), label,
    /// probability (0 to 1) and logit, best first.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}

/// The default batch size, if there are that many images.
const BATCH: usize = 8;

/// One line of `--json`.
#[derive(Debug, Serialize)]
struct ClassifyLine<'a> {
    path: Cow<'a, str>,
    model: &'a str,
    device: &'a str,
    labels: &'static str,
    top: Vec<ClassEntry<'a>>,
}

#[derive(Debug, Serialize)]
struct ClassEntry<'a> {
    class: usize,
    label: &'a str,
    probability: f32,
    logit: f32,
}

/// Runs the command.
pub fn command(args: &ClassifyArgs) -> Result<(), Failure> {
    let model = args.model.load_trained()?;
    let labels = args.model.class_names(&model)?;
    let (images, without) = stream::find(&args.images);
    let mut skip_counts = SkipCounts::default();
    for (path, reason) in &without {
        skip_counts.add(reason);
        if args.json {
            term::print_json(&skipped::SkippedLine::new(path, reason))?;
        }
    }
    let all = images.len() + without.len();
    if images.is_empty() {
        return Err(Failure::Reported);
    }
    let on = device::open(&args.model.device, args.model.kernels)?;
    let options = ClassifierOptions {
        batch: args.model.batch(images.len().min(BATCH)),
        precision: args.model.precision,
        in_flight: stream::in_flight(&on),
        preprocess: args.model.overrides(),
        labels: Some(&labels).filter(|labels| !labels.is_empty()).cloned(),
        choice: (args.model.choice).choice_on(on.gpu(), args.model.precision),
        ..Default::default()
    };
    let classifier = Classifier::new(&on, &model, &options)?;
    args.model.announce();
    args.model.announce_labels(&labels);
    let labels = label_source(&labels);
    (args.model).announce_precision(classifier.session().precision());
    let device = on.to_string();
    let limits = ImageLimits::default();
    let mut progress = Progress::bar(images.len(), "images");
    let (_, ran) = stream::run(
        &classifier,
        &stream::Images {
            items: &images,
            load: &|path| stream::read(path, &limits),
            name: &|path| term::display_path(path),
        },
        &AtomicBool::new(false),
        |index, outcome, _| {
            match outcome {
                Outcome::Skipped(why) => {
                    skip_counts.add(&why);
                    progress.suspend(|| {
                        term::error(&why.message);
                        if args.json {
                            term::print_json(&skipped::SkippedLine::new(&images[index], &why))
                        } else {
                            Ok(())
                        }
                    })?;
                }
                Outcome::Scored(scores, index_in_batch) => {
                    let top = classifier.top(scores, index_in_batch, args.k as usize);
                    let path = &images[index];
                    let name = &model.network().name;
                    progress.suspend(|| {
                        if args.json {
                            term::print_json(&line(path, name, &device, labels, &top))
                        } else {
                            // A blank line separates the images.
                            let separator = if index > 0 { "\n" } else { "" };
                            term::print(&format!("{separator}{}", text(path, &top)))
                        }
                    })?;
                }
            }
            progress.advance(1);
            Ok(())
        },
    );
    drop(progress);
    skip_counts.announce(all);
    ran?;
    match skip_counts.total() {
        0 => Ok(()),
        _ => Err(Failure::Reported),
    }
}

fn line<'a>(
    path: &'a Path,
    model: &'a str,
    device: &'a str,
    labels: &'static str,
    top: &'a [Prediction],
) -> ClassifyLine<'a> {
    let classes = top.iter().map(|p| ClassEntry {
        class: p.class,
        label: &p.label,
        probability: p.probability,
        logit: p.logit,
    });
    ClassifyLine {
        // JSON is Unicode, but a path may contain other bytes.
        path: path.to_string_lossy(),
        model,
        device,
        labels,
        top: classes.collect(),
    }
}

/// Formats the path, followed by one line for each class.
fn text(path: &Path, top: &[Prediction]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", term::display_path(path));
    let width = top.iter().map(|p| p.label.chars().count()).max();
    let width = width.unwrap_or(0);
    for p in top {
        let percent = 100.0 * p.probability;
        let bar = bar(p.probability);
        let row = format!("  {percent:6.2} %  {:width$}  {bar}", p.label);
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

/// Draws a bar of up to 20 characters, in steps of an eighth of a character.
fn bar(fraction: f32) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (fraction.clamp(0.0, 1.0) * 160.0).round() as usize;
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_fraction() {
        assert_eq!(bar(1.0), "█".repeat(20));
        assert_eq!(bar(0.5), "█".repeat(10));
        assert_eq!(bar(0.003), "");
        assert_eq!(bar(0.0625), "█▎");
        assert_eq!(bar(f32::NAN), "");
    }
}
