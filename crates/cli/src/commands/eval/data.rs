//! Finds and reads the images of `resnet eval`.

use std::ops::ControlFlow;
use std::time::Instant;

use crate::dataset::{Dataset, SampleSource};
use resnet_wgpu::low_level::decode_ahead;
use resnet_wgpu::low_level::preprocess::RgbImage;
use resnet_wgpu::{ErrorKind, ImageLimits, Labels, Preprocess, Views};

use crate::commands::eval::args::EvalArgs;
use crate::failure::{Failure, with_sources};
use crate::progress::Progress;
use crate::skipped::SkipReason;
use crate::stream;
use crate::term;
use resnet_wgpu_bench::text::number::{rate, thousands};

/// The number of images decoded ahead by `--decode-only`: enough to keep all cores busy.
const AHEAD: usize = 64;

/// Opens the dataset, and prints a note if labels had to be guessed.
pub fn open(args: &EvalArgs, labels: &Labels, classes: usize) -> Result<Dataset, Failure> {
    let known = Some(labels).filter(|labels| !labels.is_empty());
    let data = match &args.truth {
        Some(truth) => Dataset::with_truth(&args.data, truth, known, classes),
        None => Dataset::open(&args.data, known, classes),
    };
    let data = data.map_err(|e| Failure::new(with_sources(&e)))?;
    if let Some(note) = data.note() {
        term::note(note);
    }
    Ok(data)
}

/// Reads an image's pixels; the error holds the reason for skipping the image.
pub fn load(data: &Dataset, index: usize, limits: &ImageLimits) -> Result<RgbImage, SkipReason> {
    let sample = data.get(index).map_err(|e| SkipReason::new(&e))?;
    match sample.source {
        SampleSource::File(path) => stream::read(path, limits),
        SampleSource::Rgb {
            width,
            height,
            data,
        } => RgbImage::from_raw(width, height, data).ok_or_else(|| SkipReason {
            kind: ErrorKind::Image,
            category: "truncated".into(),
            message: format!("image {index}: expected {width}x{height} pixels, found fewer"),
        }),
    }
}

/// Decodes and preprocesses the images without running the network.
pub fn decode_only(
    args: &EvalArgs,
    preprocess: &Preprocess,
    data: &Dataset,
    views: &Views,
    wanted: usize,
) -> Result<(), Failure> {
    let limits = ImageLimits::default();
    let indices: Vec<usize> = (0..wanted).collect();
    let prepare = |&index: &usize| {
        let image = load(data, index, &limits).map_err(|reason| reason.message)?;
        let views = preprocess.views(&image, views);
        views.map_err(|e| format!("{}: {e}", data.name(index)))
    };
    let mut progress = Progress::bar(wanted, "images");
    let begun = Instant::now();
    let mut read = 0;
    let mut failed = None;
    decode_ahead(&indices, AHEAD, prepare, |_, made| {
        progress.advance(1);
        match made {
            Ok(_) => read += 1,
            Err(why) if args.strict => {
                failed = Some(why);
                return ControlFlow::Break(());
            }
            Err(why) => progress.suspend(|| term::error(&why)),
        }
        ControlFlow::Continue(())
    });
    let seconds = begun.elapsed().as_secs_f64();
    drop(progress);
    if let Some(why) = failed {
        return Err(Failure::new(why));
    }
    term::print(&format!(
        "images  {}\nspeed   {} images/s decoded and preprocessed\n",
        thousands(read),
        rate(read as f64 / seconds.max(1e-9))
    ))
}
