//! Renders an evaluation as one self-contained HTML page. The page has no scripts, loads nothing,
//! and embeds its data as JSON.
//!
//! Labels and paths come from files, so they are escaped like all other text.

mod confusion;
mod mistakes;
mod number;
mod reliability;

use image::RgbImage;
use minijinja::Value;
use minijinja::value::Serde;
use serde::Serialize;

use super::{Evaluation, Tally};
pub use mistakes::thumbnail;
use number::{Figure, interval};
use resnet_wgpu::Labels;
use resnet_wgpu_bench::page::{PageError, STYLE, embedded, environment};

const TEMPLATES: &[(&str, &str)] = &[
    ("eval.html", include_str!("templates/eval.html")),
    ("eval_about.html", include_str!("templates/eval_about.html")),
    (
        "eval_classes.html",
        include_str!("templates/eval_classes.html"),
    ),
];

const OWN_STYLE: &str = include_str!("style.css");

/// The number of classes that are listed; the page folds further classes away.
const MAX_LISTED: usize = 20;

/// Renders the page of an evaluation. `pictures` are the pictures of the
/// [mistakes](Evaluation::mistakes), in the same order and of any size; `None` stands for a picture
/// that cannot be read.
///
/// # Errors
/// [`PageError`], which indicates a defect of this crate.
pub fn page(
    found: &Evaluation,
    tally: &Tally,
    labels: &Labels,
    pictures: &[Option<RgbImage>],
) -> Result<String, PageError> {
    let env = environment(TEMPLATES)?;
    let page = Page {
        style: Value::from_safe_string(format!("{STYLE}\n{OWN_STYLE}")),
        data: Value::from_safe_string(embedded(found)?),
        top1: Figure::percent(found.top1, "/top1"),
        top1_interval: interval(found.top1_interval),
        top5: Figure::percent(found.top5, "/top5"),
        top5_interval: interval(found.top5_interval),
        error: Figure::percent(
            found.calibration.expected_error,
            "/calibration/expected_error",
        ),
        images: Figure::count(found.images, "/images"),
        failed: Figure::count(found.failed, "/failed"),
        speed: Figure::rate(found.provenance.images_per_second, "/images_per_second"),
        verdict: reliability::verdict(&found.calibration),
        reliability: reliability::diagram(&found.calibration),
        histogram: reliability::histogram(&found.calibration),
        confusion: confusion::matrix(tally, labels)?,
        classes: classes(found),
        listed: MAX_LISTED,
        mistakes: mistakes::mistakes(found, pictures)?,
        found,
    };
    let template = env.get_template("eval.html")?;
    Ok(template.render(Value::from(Serde(&page)))?)
}

/// The values that the templates show.
#[derive(Serialize)]
struct Page<'a> {
    style: Value,
    data: Value,
    top1: Figure,
    top1_interval: String,
    top5: Figure,
    top5_interval: String,
    error: Figure,
    images: Figure,
    failed: Figure,
    speed: Figure,
    verdict: &'static str,
    reliability: Value,
    histogram: Value,
    confusion: Option<confusion::ConfusionMatrix>,
    classes: Vec<ClassRow>,
    listed: usize,
    mistakes: Vec<mistakes::MistakeView<'a>>,
    found: &'a Evaluation,
}

/// The accuracy of a class, as a bar with its interval.
#[derive(Serialize)]
struct ClassRow {
    label: String,
    images: Figure,
    top1: Figure,
    interval: String,
    bar: Value,
}

/// Returns the classes in ascending order of their accuracy.
fn classes(found: &Evaluation) -> Vec<ClassRow> {
    let mut order: Vec<usize> = (0..found.classes.len()).collect();
    let value = |i: usize| found.classes[i].top1.value;
    order.sort_by(|&a, &b| value(a).total_cmp(&value(b)).then(a.cmp(&b)));
    let shown = order.into_iter().map(|i| {
        let class = &found.classes[i];
        let at = format!("/classes/{i}/top1/value");
        ClassRow {
            label: class.label.clone(),
            images: Figure::count(class.top1.of, &format!("/classes/{i}/top1/of")),
            bar: reliability::interval(class.top1.value, class.top1.interval, &at),
            top1: Figure::percent(class.top1.value, &at),
            interval: interval(class.top1.interval),
        }
    });
    shown.collect()
}
