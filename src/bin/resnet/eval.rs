//! `resnet eval`: accuracy on labelled images.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use resnet_wgpu::classify::{Classifier, ClassifierOptions, decode_ahead};
use resnet_wgpu::dataset::{Dataset, DatasetError, SampleSource};
use resnet_wgpu::eval::{
    About, Answer, Broken, Evaluation, Identity, Journal, Tally, fingerprint, page,
};
use resnet_wgpu::labels::Labels;
use resnet_wgpu::model::Model;
use resnet_wgpu::preprocess::{ImageLimits, RgbImage, Views, decode_file};

use crate::device;
use crate::eval_args::EvalArgs;
use crate::eval_text;
use crate::failure::{Failure, with_sources};
use crate::number::{rate, thousands};
use crate::output_file::OutputFile;
use crate::progress::Progress;
use crate::stream::{self, Outcome, Waits};
use crate::term;

/// Images of a run, where nobody asks otherwise.
const BATCH: usize = 32;

/// Runs the command.
pub fn command(args: &EvalArgs) -> Result<(), Failure> {
    let views = args.views().map_err(Failure::usage)?;
    let model = args.model.load_trained()?;
    admits(&model, &views)?;
    let classes = model.network().classes;
    let labels = match args.model.labels(classes)? {
        Some(labels) => labels,
        None => model.labels()?,
    };
    let data = open(args, &labels, classes)?;
    let limit = args
        .limit
        .map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let wanted = data.len().min(limit);
    if args.decode_only {
        return decode_only(args, &model, &data, &views, wanted);
    }
    let report = (args.report.as_ref())
        .map(|path| OutputFile::at(path, args.save.iter().chain([&args.data])))
        .transpose()?;

    let gpu = device::open(&args.model.device, args.model.kernels)?;
    let options = ClassifierOptions {
        batch: args.model.batch(batch(&views, wanted)),
        precision: args.model.precision,
        in_flight: stream::in_flight(gpu.as_ref()),
        preprocess: args.model.overrides(),
        views,
        labels: Some(&labels).filter(|labels| !labels.is_empty()).cloned(),
        choice: (args.model.choice).choice_on(gpu.as_ref(), args.model.precision),
        ..Default::default()
    };
    let mut classifier = Classifier::new(gpu.as_ref(), &model, &options)?;
    args.model.announce();
    (args.model).announce_precision(classifier.session().precision());

    let mut run = Run {
        data: &data,
        labels: &labels,
        tally: Tally::new(classes),
        journal: None,
        broken: vec![],
        strict: args.strict,
        begun: Instant::now(),
        now: 0,
    };
    let mut known = vec![false; wanted];
    if let Some(path) = &args.save {
        let identity = Identity {
            model: &model,
            data: &data,
            preprocess: classifier.preprocess(),
            views: classifier.views(),
            precision: classifier.session().precision(),
        };
        let journal = Journal::open(path, &fingerprint(&identity)?, |answer| {
            // One that is there twice counts once, one beyond the limit not.
            if let Some(known @ false) = known.get_mut(answer.index) {
                *known = true;
                run.tally.add(&answer);
            }
        });
        run.journal = Some(journal.map_err(|e| Failure::new(with_sources(&e)))?);
        if run.tally.images() > 0 {
            term::note(&format!(
                "{}: {} of {} images were evaluated by an earlier run; going on with the others",
                term::shown(path),
                thousands(run.tally.images()),
                thousands(wanted as u64),
            ));
        }
    }
    let resumed = run.tally.images();
    let indices: Vec<usize> = (0..wanted).filter(|&i| !known[i]).collect();
    let stop = stop_on_interrupt();
    let mut progress = Progress::bar(indices.len(), "images");
    let limits = ImageLimits::default();
    let ran = stream::run(
        &mut classifier,
        &indices,
        &stop,
        |&index| load(&data, index, &limits),
        |_, item, outcome, waits| {
            let index = indices[item];
            match outcome {
                Outcome::Broken(why) => run.broken(index, why, &progress)?,
                Outcome::Scored(scores, place) => {
                    let label = data.label(index).unwrap_or_default();
                    let image = data.name(index);
                    run.answered(&Answer::new(index, image, label, scores, place))?;
                }
            }
            progress.message(run.message(waits));
            progress.advance(1);
            Ok(())
        },
    );
    drop(progress);
    // What was measured is told before why it ended.
    let (waits, failure) = match ran {
        Ok(waits) => (waits, None),
        Err(failure) => (Waits::default(), Some(failure)),
    };
    let seconds = run.begun.elapsed().as_secs_f64();
    let interrupted = stop.load(Ordering::Relaxed);
    if run.tally.images() == 0 || (failure.is_some() && args.strict) {
        return Err(failure.unwrap_or(match interrupted {
            true => Failure::new("interrupted before the first image was evaluated"),
            false => Failure::Reported,
        }));
    }
    let about = About {
        model: model.network().name.clone(),
        data: term::shown(&args.data),
        device: device::name(gpu.as_ref()),
        views: classifier.views().to_string(),
        of: data.len() as u64,
        resumed,
        interrupted: interrupted || failure.is_some(),
        seconds,
        images_per_second: run.now as f64 / seconds.max(1e-9),
        limited_by: waits.limit().into(),
    };
    let found = Evaluation::new(&run.tally, &labels, about, std::mem::take(&mut run.broken));
    if let Some(report) = report {
        let pictures: Vec<Option<RgbImage>> = (found.mistakes.iter())
            .map(|mistake| load(&data, mistake.index, &limits).ok())
            .collect();
        let page = page(&found, &run.tally, &labels, &pictures);
        report.write(page.map_err(|e| Failure::new(e.to_string()))?.as_bytes())?;
    }
    match args.json {
        true => term::print_json(&found)?,
        false => term::print(&eval_text::text(&found))?,
    }
    match (failure, interrupted) {
        (Some(failure), _) => Err(failure),
        (None, true) => {
            let remedy = match &args.save {
                Some(_) => "the same command goes on from here",
                None => "with --save FILE.csv the same command could go on from here",
            };
            Err(Failure::new(format!("interrupted: {remedy}")))
        }
        (None, false) => Ok(()),
    }
}

/// Images of a run: whole numbers of their views, and no more than there are.
fn batch(views: &Views, images: usize) -> usize {
    let each = views.count();
    match views.any_size() {
        // An image and its mirror image; the next is of another size.
        true => 2,
        false => each * BATCH.div_ceil(each).min(images).max(1),
    }
}

/// Refuses scales that the network does not run at.
fn admits(model: &Model, views: &Views) -> Result<(), Failure> {
    let Views::Scales(scales) = views else {
        return Ok(());
    };
    for &scale in scales {
        let side = scale as usize;
        for width in [side, 2 * side] {
            model.graph(side, width).map_err(|e| {
                Failure::usage(format!(
                    "--scales {scale}: {} does not run on whole images of {side}x{width} pixels: {e}",
                    model.network().name
                ))
            })?;
        }
    }
    Ok(())
}

fn open(args: &EvalArgs, labels: &Labels, classes: usize) -> Result<Dataset, Failure> {
    let known = Some(labels).filter(|labels| !labels.is_empty());
    let data = match &args.truth {
        Some(truth) => Dataset::with_truth(&args.data, truth, known, classes),
        None => Dataset::open(&args.data, known, classes),
    };
    let data = data.map_err(dataset)?;
    if let Some(note) = data.note() {
        term::note(note);
    }
    Ok(data)
}

/// What has been counted while images are evaluated.
struct Run<'a> {
    data: &'a Dataset,
    labels: &'a Labels,
    tally: Tally,
    journal: Option<Journal>,
    broken: Vec<Broken>,
    strict: bool,
    begun: Instant,
    /// Images that this run evaluated.
    now: u64,
}

impl Run<'_> {
    fn answered(&mut self, answer: &Answer) -> Result<(), Failure> {
        if let Some(journal) = &mut self.journal {
            let added = journal.add(answer, self.labels);
            added.map_err(|e| Failure::new(with_sources(&e)))?;
        }
        self.tally.add(answer);
        self.now += 1;
        Ok(())
    }

    fn broken(&mut self, index: usize, error: String, bar: &Progress) -> Result<(), Failure> {
        if self.strict {
            return Err(Failure::new(error));
        }
        bar.aside(|| term::error(&error));
        let image = self.data.name(index);
        self.broken.push(Broken { image, error });
        Ok(())
    }

    /// What stands behind the bar.
    fn message(&self, waits: &Waits) -> String {
        let speed = self.now as f64 / self.begun.elapsed().as_secs_f64().max(1e-9);
        format!(
            "top-1 {:.2} %, {} images/s, limited by {}",
            100.0 * self.tally.top1().value,
            rate(speed),
            waits.limit()
        )
    }
}

/// Becomes true at Ctrl-C. A second one ends the process.
fn stop_on_interrupt() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let at_signal = Arc::clone(&stop);
    // Where it cannot be set, Ctrl-C ends the process as it always does.
    let _ = ctrlc::set_handler(move || {
        if at_signal.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
    });
    stop
}

/// Decodes and prepares the images and nothing else.
fn decode_only(
    args: &EvalArgs,
    model: &Model,
    data: &Dataset,
    views: &Views,
    wanted: usize,
) -> Result<(), Failure> {
    let preprocess = model.preprocess(&args.model.overrides())?;
    let limits = ImageLimits::default();
    let indices: Vec<usize> = (0..wanted).collect();
    let prepare = |&index: &usize| {
        let image = load(data, index, &limits)?;
        preprocess.views(&image, views).map_err(|e| e.to_string())
    };
    let mut progress = Progress::bar(wanted, "images");
    let begun = Instant::now();
    decode_ahead(&indices, 2 * BATCH, prepare, |_, made| {
        if let Err(why) = made {
            progress.aside(|| term::error(&why));
        }
        progress.advance(1);
        ControlFlow::Continue(())
    });
    let seconds = begun.elapsed().as_secs_f64();
    drop(progress);
    term::print(&format!(
        "images  {}\nspeed   {} images/s decoded and prepared\n",
        thousands(wanted as u64),
        rate(wanted as f64 / seconds.max(1e-9))
    ))
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
