//! The distribution of end-to-end times: a histogram, or a dot for each sample if samples are few.

use minijinja::Value;
use serde::Serialize;

use crate::{Scenario, Stats};

use super::headline::colour;
use super::number::{Num, ms as in_ms, significant};
use super::rows::{Entry, Rows};
use crate::page::svg::{Element, el, percent, picture, px};
use crate::page::ticks;

#[derive(Debug, Serialize)]
pub(super) struct Latency {
    title: String,
    chart: Value,
    samples: Num,
    /// The number of batches in flight, in the throughput scenario. Each batch waits for the
    /// batches before it.
    in_flight: Option<usize>,
    /// The number of samples to the right of the plot, and the largest sample.
    beyond: usize,
    max: Num,
    trend: Option<Value>,
}

/// The fewest samples for a histogram. Fewer samples are drawn as dots.
const HISTOGRAM: usize = 20;
const LABELS: f64 = 46.0;
const PLOT: f64 = 70.0;
const AXIS: f64 = 20.0;

pub(super) fn latency(rows: &Rows) -> Vec<Latency> {
    let entries = rows.entries.iter();
    entries
        .filter_map(|entry| {
            let times = entry.times()?;
            (!times.samples.is_empty()).then(|| distribution(rows, entry, times))
        })
        .collect()
}

fn distribution(rows: &Rows, entry: &Entry, times: &Stats) -> Latency {
    let axis = TimeAxis::of(times);
    let title = rows.title(entry);
    let n = times.samples.len();
    let label = format!(
        "Distribution of {n} end-to-end times of {title}: median {} ms, 99 % up to {} ms",
        in_ms(times.median),
        in_ms(times.p99)
    );
    let mut chart = picture(LABELS + PLOT + AXIS, &label);
    let colour = colour(entry.series);
    if n < HISTOGRAM {
        dots(&mut chart, entry, times, axis, &colour)
    } else {
        histogram(&mut chart, times, axis, &colour)
    }
    marks(&mut chart, entry, times, axis);
    axis.draw(&mut chart);
    Latency {
        title,
        chart: chart.into_value(),
        samples: Num::count(n, entry.at("end_to_end/samples/length")),
        in_flight: (entry.row.work.scenario == Scenario::Throughput).then_some(entry.row.in_flight),
        beyond: times.samples.iter().filter(|&&ms| ms > axis.high).count(),
        max: entry.ms(times.max, "end_to_end/max"),
        trend: (n >= HISTOGRAM).then(|| trend(times, axis, &colour).into_value()),
    }
}

#[derive(Debug, Clone, Copy)]
struct TimeAxis {
    low: f64,
    high: f64,
}

impl TimeAxis {
    /// Makes an axis from the smallest to the largest sample. If a few outliers would compress all
    /// other samples into one bar, the axis ends soon after p99.
    fn of(times: &Stats) -> Self {
        let low = times.min;
        let max = times.max;
        let spread = times.p99 - low;
        let high = if max - low <= 1.6 * spread {
            max
        } else {
            times.p99 + 0.25 * spread
        };
        let margin = (0.03 * (high - low)).max(0.01 * high.abs());
        Self {
            low: low - margin,
            high: high + margin,
        }
    }

    fn position(&self, ms: f64) -> f64 {
        (ms - self.low) / (self.high - self.low)
    }

    fn draw(&self, chart: &mut Element) {
        let y = LABELS + PLOT;
        let base = el("line").class("axis").set("x1", 0).set("x2", "100%");
        chart.push(base.set("y1", px(y)).set("y2", px(y)));
        for tick in ticks(self.low, self.high, 4) {
            let position = self.position(tick);
            let anchor = match position {
                p if p < 0.04 => "start",
                p if p > 0.9 => "end",
                _ => "middle",
            };
            let text = el("text").class("tick").set("x", percent(position));
            let text = text.set("y", px(y + 14.0)).set("text-anchor", anchor);
            chart.push(text.text(&format!("{} ms", tick_text(tick))));
        }
    }
}

/// Returns a tick's number without trailing zeros.
fn tick_text(tick: f64) -> String {
    let text = significant(tick, 4);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        text
    }
}

fn histogram(chart: &mut Element, times: &Stats, axis: TimeAxis, colour: &str) {
    let n = times.samples.len();
    let bins = ((2.0 * (n as f64).sqrt()) as usize).clamp(12, 48);
    let mut counts = vec![0usize; bins];
    for &ms in times.samples.iter().filter(|&&ms| ms <= axis.high) {
        let bin = (axis.position(ms) * bins as f64) as usize;
        counts[bin.min(bins - 1)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let width = 1.0 / bins as f64;
    for (i, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = PLOT * count as f64 / most;
        let from = axis.low + (axis.high - axis.low) * i as f64 * width;
        let to = axis.low + (axis.high - axis.low) * (i + 1) as f64 * width;
        let bar = el("rect")
            .class(&format!("bin {colour}"))
            .set("x", percent(i as f64 * width))
            .set("width", percent(0.9 * width))
            .set("y", px(LABELS + PLOT - height))
            .set("height", px(height))
            .set("data-count", count);
        let from = significant(from, 4);
        let to = significant(to, 4);
        chart.push(bar.title(&format!("{count} of {n} from {from} to {to} ms")));
    }
}

fn dots(chart: &mut Element, entry: &Entry, times: &Stats, axis: TimeAxis, colour: &str) {
    for (i, &ms) in times.samples.iter().enumerate() {
        let num = entry.ms(ms, &format!("end_to_end/samples/{i}"));
        let dot = el("circle")
            .class(&format!("dot {colour}"))
            .set("cx", percent(axis.position(ms)))
            .set("cy", px(LABELS + PLOT / 2.0))
            .set("r", 6)
            .num(&num);
        chart.push(dot.title(&format!("{} ms", num.text)));
    }
}

/// Draws marks for median, p90 and p99, with each label on its own line.
fn marks(chart: &mut Element, entry: &Entry, times: &Stats, axis: TimeAxis) {
    let marks = [
        ("median", times.median),
        ("p90", times.p90),
        ("p99", times.p99),
    ];
    for (i, (name, ms)) in marks.into_iter().enumerate() {
        let x = axis.position(ms);
        let y = 11.0 + 15.0 * i as f64;
        let line = el("line").class("mark").set("y1", px(y - 9.0));
        let line = line.set("y2", px(LABELS + PLOT));
        chart.push(line.set("x1", percent(x)).set("x2", percent(x)));
        let (anchor, dx) = if x > 0.6 { ("end", -5) } else { ("start", 5) };
        let num = entry.ms(ms, &format!("end_to_end/{name}"));
        let text = el("text")
            .class("mark-name")
            .set("x", percent(x))
            .set("dx", dx);
        let text = text.set("y", px(y)).set("text-anchor", anchor);
        let figure = el("tspan").num(&num).text(&num.text);
        chart.push(text.text(&format!("{name} ")).with(figure).text(" ms"));
    }
}

/// Draws the samples in the order of measurement, which shows clocks that fall as a device warms
/// up.
fn trend(times: &Stats, axis: TimeAxis, colour: &str) -> Element {
    const HEIGHT: f64 = 34.0;
    const POINTS: usize = 160;
    let each = times.samples.len().div_ceil(POINTS);
    let means: Vec<f64> = times
        .samples
        .chunks(each)
        .map(|chunk| chunk.iter().sum::<f64>() / chunk.len() as f64)
        .collect();
    let last = (means.len() - 1).max(1) as f64;
    let points: Vec<String> = means
        .iter()
        .enumerate()
        .map(|(i, mean)| {
            let part = axis.position(*mean).clamp(0.0, 1.0);
            let y = 1.0 + (HEIGHT - 2.0) * (1.0 - part);
            format!("{},{}", px(100.0 * i as f64 / last), px(y))
        })
        .collect();
    let label = "The times in the order of the measurement";
    picture(HEIGHT, label)
        .set("viewBox", format!("0 0 100 {HEIGHT}"))
        .set("preserveAspectRatio", "none")
        .title(label)
        .with(
            el("polyline")
                .class(&format!("trend {colour}"))
                .set("points", points.join(" ")),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straggler_does_not_set_the_axis() {
        let mut samples: Vec<f64> = (0..200).map(|i| 1.0 + 0.001 * f64::from(i)).collect();
        let even = TimeAxis::of(&Stats::of(samples.clone()).unwrap());
        assert!(even.position(1.199) < 1.0);
        samples[7] = 50.0;
        let axis = TimeAxis::of(&Stats::of(samples).unwrap());
        assert!(axis.high < 1.5 && axis.low < 1.0, "{axis:?}");
    }

    #[test]
    fn equal_samples_have_an_axis() {
        let axis = TimeAxis::of(&Stats::of(vec![2.0; 30]).unwrap());
        assert!((axis.position(2.0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn ticks_are_short() {
        assert_eq!(tick_text(2.0), "2");
        assert_eq!(tick_text(0.25), "0.25");
        assert_eq!(tick_text(1200.0), "1,200");
    }
}
