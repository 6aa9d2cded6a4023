//! `resnet eval`: accuracy on labelled images.

pub mod args;
pub mod data;
pub mod run;
pub mod text;

use std::sync::atomic::Ordering;

use crate::dataset::Dataset;
use crate::eval::{Evaluation, EvaluationProvenance, LabelledPrediction, page, thumbnail};
use resnet_wgpu::{Classifier, ClassifierOptions, ImageLimits, Labels, Model, Views};

use crate::commands::eval::args::EvalArgs;
use crate::commands::eval::data::{decode_only, load, open};
use crate::commands::eval::run::EvaluationRun;
use crate::device;
use crate::failure::Failure;
use crate::interrupt::stop_on_interrupt;
use crate::options::model::label_source;
use crate::output_file::OutputFile;
use crate::progress::Progress;
use crate::stream::{self, Outcome};
use crate::term;

/// The default batch size.
const BATCH: usize = 32;

/// Runs the command.
pub fn command(args: &EvalArgs) -> Result<(), Failure> {
    let views = args.views().map_err(Failure::usage)?;
    let model = args.model.load_trained()?;
    check_scales(&model, &views)?;
    let classes = model.network().classes;
    let labels = args.model.class_names(&model)?;
    let data = open(args, &labels, classes)?;
    let limit = args
        .limit
        .map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let wanted = data.len().min(limit);
    if args.decode_only {
        let preprocess = model.preprocess(&args.model.overrides())?;
        return decode_only(args, &preprocess, &data, &views, wanted);
    }

    let on = device::open(&args.model.device, args.model.kernels)?;
    let options = ClassifierOptions {
        batch: args.model.batch(batch(&views, wanted)),
        precision: args.model.precision,
        in_flight: stream::in_flight(&on),
        preprocess: args.model.overrides(),
        views,
        labels: Some(&labels).filter(|labels| !labels.is_empty()).cloned(),
        choice: (args.model.choice).choice_on(on.gpu(), args.model.precision),
        ..Default::default()
    };
    let classifier = Classifier::new(&on, &model, &options)?;
    args.model.announce();
    args.model.announce_labels(&labels);
    (args.model).announce_precision(classifier.session().precision());

    let mut run = EvaluationRun::new(&data, &labels, classes, wanted);
    if let Some(path) = &args.save {
        run.resume(path, &model, &classifier)?;
    }
    // The page's path is checked after the file of predictions exists, so that both cannot be the
    // same file.
    let report = report(args)?;
    evaluate(args, &mut run, &classifier, &data)?;
    if run.images() == 0 {
        return Err(run.take_failure().unwrap_or(Failure::Reported));
    }
    let provenance = EvaluationProvenance {
        model: model.network().name.clone(),
        data: term::display_path(&args.data),
        device: on.to_string(),
        labels: label_source(&labels).into(),
        views: classifier.views().to_string(),
        of: data.len() as u64,
        ..run.provenance()
    };
    let failures = run.take_unreadable();
    let found = Evaluation::new(run.tally(), &labels, provenance, failures);
    if let Some(report) = report {
        write_report(&report, &found, &run, &data, &labels)?;
    }
    if args.json {
        term::print_json(&found)?
    } else {
        term::print(&text::text(&found))?
    }
    run.take_failure().map_or(Ok(()), Err)
}

/// Evaluates the remaining images.
///
/// An error during the evaluation is stored in `run`, so that the results so far are printed before
/// the error. With `--strict`, the error is returned immediately.
fn evaluate(
    args: &EvalArgs,
    run: &mut EvaluationRun,
    classifier: &Classifier,
    data: &Dataset,
) -> Result<(), Failure> {
    let indices = run.remaining();
    let stop = stop_on_interrupt(None);
    let mut progress = Progress::bar(indices.len(), "images");
    let limits = ImageLimits::default();
    run.begin();
    let (waits, ran) = stream::run(
        classifier,
        &stream::Images {
            items: &indices,
            load: &|&index| load(data, index, &limits),
            name: &|&index| data.name(index),
        },
        &stop,
        |item, outcome, waits| {
            let index = indices[item];
            match outcome {
                Outcome::Skipped(reason) if args.strict => {
                    return Err(Failure::new(reason.message));
                }
                Outcome::Skipped(reason) => run.skip(index, reason.message, &progress),
                Outcome::Scored(scores, index_in_batch) => {
                    let label = data.label(index).unwrap_or_default();
                    let image = data.name(index);
                    let prediction =
                        LabelledPrediction::new(index, image, label, scores, index_in_batch);
                    run.record(&prediction)?;
                }
            }
            progress.message(run.message(waits));
            progress.advance(1);
            Ok(())
        },
    );
    drop(progress);
    run.end(&waits);
    if stop.load(Ordering::Relaxed) {
        run.interrupt();
    }
    match ran {
        Err(failure) if args.strict => Err(failure),
        Err(failure) => {
            run.fail(failure);
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Returns the batch size: a multiple of the number of views, and no more than all images need.
fn batch(views: &Views, images: usize) -> usize {
    let each = views.count();
    if views.any_size() {
        // The two views are an image and its mirror image. The next image may have another size,
        // which needs a separate batch.
        2
    } else {
        each * BATCH.div_ceil(each).min(images).max(1)
    }
}

/// Rejects scales that the network does not support.
fn check_scales(model: &Model, views: &Views) -> Result<(), Failure> {
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

/// Checks the path of the page, which must differ from all files that are read or written.
fn report(args: &EvalArgs) -> Result<Option<OutputFile>, Failure> {
    let Some(path) = &args.report else {
        return Ok(None);
    };
    let model = &args.model;
    let others = [&args.truth, &args.save, &model.weights, &model.labels];
    let others = others.into_iter().flatten().chain([&args.data]);
    OutputFile::at(path, others).map(Some)
}

fn write_report(
    report: &OutputFile,
    found: &Evaluation,
    run: &EvaluationRun,
    data: &Dataset,
    labels: &Labels,
) -> Result<(), Failure> {
    let limits = ImageLimits::default();
    let pictures = found.mistakes.iter().map(|mistake| {
        let picture = load(data, mistake.index, &limits);
        picture.ok().map(thumbnail)
    });
    let pictures: Vec<_> = pictures.collect();
    let page = page(found, run.tally(), labels, &pictures);
    report.write(page.map_err(|e| Failure::new(e.to_string()))?.as_bytes())
}
