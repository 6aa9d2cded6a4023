//! `resnet eval`: accuracy on labelled images.

use std::time::Instant;

use resnet_wgpu::classify::{Classifier, ClassifierOptions};
use resnet_wgpu::dataset::{Dataset, DatasetError, SampleSource};
use resnet_wgpu::preprocess::{ImageLimits, RgbImage, decode_file};
use serde::Serialize;

use crate::args::EvalArgs;
use crate::device;
use crate::failure::{Failure, with_sources};
use crate::number::thousands;
use crate::progress::Progress;
use crate::stream::{self, Outcome};
use crate::term;

/// Images of a run, where nobody asks otherwise.
const BATCH: usize = 32;

/// What `--json` gives.
#[derive(Debug, Serialize)]
struct Report {
    model: String,
    data: String,
    device: String,
    top1: f64,
    top5: f64,
    images: u64,
    failed: u64,
    images_per_second: f64,
}

/// How many were right so far.
#[derive(Debug, Default)]
struct Count {
    images: u64,
    failed: u64,
    first: u64,
    five: u64,
}

/// Runs the command.
pub fn command(args: &EvalArgs) -> Result<(), Failure> {
    let model = args.model.load_trained()?;
    let classes = model.network().classes;
    let labels = match args.model.labels(classes)? {
        Some(labels) => labels,
        None => model.labels()?,
    };
    let known = Some(&labels).filter(|labels| !labels.is_empty());
    let data = Dataset::open(&args.data, known, classes).map_err(dataset)?;
    if let Some(note) = data.note() {
        term::note(note);
    }
    let limit = args
        .limit
        .map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let indices: Vec<usize> = (0..data.len().min(limit)).collect();

    let gpu = device::open(&args.model.device, args.model.kernels)?;
    let options = ClassifierOptions {
        batch: args.model.batch(BATCH.min(indices.len())),
        preprocess: args.model.overrides(),
        labels: known.cloned(),
        choice: args.model.choice.choice_on(gpu.as_ref()),
    };
    let mut classifier = Classifier::new(gpu.as_ref(), &model, &options)?;
    args.model.announce();
    let limits = ImageLimits::default();
    let truth: Vec<usize> = (indices.iter())
        .map(|&i| data.get(i).map(|sample| sample.label).map_err(dataset))
        .collect::<Result<_, _>>()?;
    let mut count = Count::default();
    let mut progress = Progress::bar(indices.len(), "images");
    let start = Instant::now();
    stream::run(
        &mut classifier,
        &indices,
        |&index| load(&data, index, &limits),
        |_: &Classifier, index, outcome| {
            match outcome {
                Outcome::Broken(why) => {
                    count.failed += 1;
                    progress.aside(|| term::error(&why));
                }
                Outcome::Scored(scores, place) => {
                    let top = scores.top(place, 5);
                    count.images += 1;
                    count.first += u64::from(top.first() == Some(&truth[index]));
                    count.five += u64::from(top.contains(&truth[index]));
                    progress.message(format!("top-1 {:.2} %", 100.0 * count.part(count.first)));
                }
            }
            progress.advance(1);
            Ok(())
        },
    )?;
    let seconds = start.elapsed().as_secs_f64();
    drop(progress);
    if count.images == 0 {
        return Err(Failure::Reported);
    }
    let report = Report {
        model: model.network().name.clone(),
        data: term::shown(&args.data),
        device: device::name(gpu.as_ref()),
        top1: count.part(count.first),
        top5: count.part(count.five),
        images: count.images,
        failed: count.failed,
        images_per_second: count.images as f64 / seconds.max(1e-9),
    };
    match args.json {
        true => term::print_json(&report)?,
        false => term::print(&text(&report))?,
    }
    match report.failed {
        0 => Ok(()),
        _ => Err(Failure::Reported),
    }
}

impl Count {
    /// `n` as a fraction of the images.
    fn part(&self, n: u64) -> f64 {
        n as f64 / self.images.max(1) as f64
    }
}

/// An image's pixels, or why there are none.
fn load(data: &Dataset, index: usize, limits: &ImageLimits) -> Result<RgbImage, String> {
    let sample = data.get(index).map_err(|e| with_sources(&e))?;
    match sample.source {
        SampleSource::File(path) => decode_file(&path, limits).map_err(|e| with_sources(&e)),
        SampleSource::Rgb {
            width,
            height,
            data,
        } => RgbImage::from_raw(width, height, data)
            .ok_or_else(|| format!("image {index}: expected {width}x{height} pixels, found fewer")),
    }
}

fn dataset(error: DatasetError) -> Failure {
    Failure::new(with_sources(&error))
}

fn text(report: &Report) -> String {
    let mut text = format!(
        "model   {}\ndata    {}\ndevice  {}\ntop-1   {:.2} %\ntop-5   {:.2} %\nimages  {}\n",
        report.model,
        report.data,
        report.device,
        100.0 * report.top1,
        100.0 * report.top5,
        thousands(report.images),
    );
    if report.failed > 0 {
        text += &format!("failed  {}\n", thousands(report.failed));
    }
    text + &format!("speed   {:.1} images/s\n", report.images_per_second)
}
