//! The reliability diagram: the accuracy of predictions as a function of their confidence (Guo et
//! al. 2017, figure 1).

use minijinja::Value;

use crate::eval::Calibration;
use resnet_wgpu_bench::page::svg::{Element, el, percent, picture, px};
use resnet_wgpu_bench::text::number::thousands;

const HEIGHT: f64 = 260.0;
/// The space for the numbers: `AXIS` pixels below the chart, and `LEFT` of the width to its left.
const AXIS: f64 = 20.0;
const LEFT: f64 = 0.13;
const RIGHT: f64 = 0.985;
const HISTOGRAM: f64 = 70.0;
const TICKS: [f64; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];

/// The expected calibration error below which a network is called well calibrated.
const MAX_CALIBRATED_ERROR: f64 = 0.02;

fn x(share: f64) -> String {
    percent(LEFT + share * (RIGHT - LEFT))
}

fn width(share: f64) -> String {
    percent(share * (RIGHT - LEFT))
}

fn y(share: f64) -> f64 {
    4.0 + (1.0 - share) * HEIGHT
}

/// Summarizes the diagram in one sentence.
pub(super) fn verdict(found: &Calibration) -> &'static str {
    let by_images = found.bins.iter().map(|bin| {
        let gap = bin.confidence - bin.accuracy;
        gap * bin.images as f64
    });
    match (found.expected_error, by_images.sum::<f64>()) {
        (error, _) if error < MAX_CALIBRATED_ERROR => {
            "Well calibrated: confidence matches accuracy."
        }
        (_, gap) if gap > 0.0 => "Overconfident: confidence exceeds accuracy.",
        _ => "Underconfident: accuracy exceeds confidence.",
    }
}

/// Draws accuracy over confidence, bin by bin, and the diagonal of a perfectly calibrated network.
pub(super) fn diagram(found: &Calibration) -> Value {
    let label = "Accuracy of the predictions by confidence";
    let mut chart = picture(HEIGHT + 4.0 + AXIS, label);
    for tick in TICKS {
        chart.push(
            el("line")
                .class("grid")
                .set("x1", x(0.0))
                .set("x2", x(1.0))
                .set("y1", px(y(tick)))
                .set("y2", px(y(tick))),
        );
        let text = el("text").class("tick").set("text-anchor", "end");
        let text = text.set("x", x(-0.01)).set("y", px(y(tick) + 4.0));
        chart.push(text.text(&format!("{:.0} %", 100.0 * tick)));
        chart.push(tick_label(tick, HEIGHT + 18.0));
    }
    for (i, bin) in found.bins.iter().enumerate().filter(|(_, b)| b.images > 0) {
        let (low, high) = (
            bin.accuracy.min(bin.confidence),
            bin.accuracy.max(bin.confidence),
        );
        let bar = |class: &str, from: f64, to: f64| {
            el("rect")
                .class(class)
                .set("x", x(bin.from))
                .set("width", width(bin.to - bin.from))
                .set("y", px(y(to)))
                .set("height", px(y(from) - y(to)))
        };
        let accuracy = bar("right", 0.0, bin.accuracy)
            .set("data-value", bin.accuracy)
            .set("data-at", format!("/calibration/bins/{i}/accuracy"));
        let title = format!(
            "Confidence {:.0} to {:.0} %: {} images, accuracy {:.1} %, mean confidence {:.1} %",
            100.0 * bin.from,
            100.0 * bin.to,
            thousands(bin.images),
            100.0 * bin.accuracy,
            100.0 * bin.confidence,
        );
        let both = el("g").title(&title).with(accuracy);
        chart.push(both.with(bar("gap", low, high)));
    }
    let diagonal = el("line").class("ceiling").set("stroke-dasharray", "5 4");
    chart.push(
        diagonal
            .set("x1", x(0.0))
            .set("x2", x(1.0))
            .set("y1", px(y(0.0)))
            .set("y2", px(y(1.0))),
    );
    chart.into_value()
}

/// Draws the number of predictions in each bin.
pub(super) fn histogram(found: &Calibration) -> Value {
    let mut chart = picture(HISTOGRAM + AXIS, "Number of images by confidence");
    let most = found.bins.iter().map(|bin| bin.images).max().unwrap_or(0);
    for bin in &found.bins {
        let height = HISTOGRAM * bin.images as f64 / most.max(1) as f64;
        let bar = el("rect").class("s7").set("x", x(bin.from)).set("rx", 1);
        let bar = bar
            .set("width", width((bin.to - bin.from) * 0.94))
            .set("y", px(HISTOGRAM - height))
            .set("height", px(height));
        chart.push(bar.title(&format!("{} images", thousands(bin.images))));
    }
    for tick in TICKS {
        chart.push(tick_label(tick, HISTOGRAM + 14.0));
    }
    chart.into_value()
}

/// Creates the number of a tick below a chart.
fn tick_label(tick: f64, y: f64) -> Element {
    // Centred, the last number would exceed the right edge.
    let anchor = if tick == 1.0 { "end" } else { "middle" };
    let text = el("text").class("tick").set("text-anchor", anchor);
    let text = text.set("x", x(tick)).set("y", px(y));
    text.text(&format!("{:.0} %", 100.0 * tick))
}

/// Draws a share as a bar, and the interval around the end of the bar.
pub(super) fn interval(value: f64, [low, high]: [f64; 2], at: &str) -> Value {
    let line = |x1: f64, x2: f64, y1: f64, y2: f64| {
        let line = el("line").class("mark").set("x1", percent(x1));
        line.set("x2", percent(x2)).set("y1", y1).set("y2", y2)
    };
    let label = format!(
        "{:.1} %, {:.1} to {:.1} %",
        100.0 * value,
        100.0 * low,
        100.0 * high
    );
    let bar = el("rect").class("s1").set("width", percent(value));
    let bar = bar.set("data-value", value).set("data-at", at);
    picture(14.0, &label)
        .with(bar.set("height", 12).set("y", 1).set("rx", 2))
        .with(line(low, high, 7.0, 7.0))
        .with(line(low, low, 4.0, 10.0))
        .with(line(high, high, 4.0, 10.0))
        .into_value()
}
