//! Times per batch as bars, grouped by work.

use minijinja::Value;
use serde::Serialize;

use crate::Scenario;

use super::headline::{colour, speed_up};
use super::number::{ms, ratio};
use super::rows::{Entry, Rows};
use crate::page::svg::{Element, el, percent, picture, px};

#[derive(Debug, Serialize)]
pub(super) struct Medians {
    groups: Vec<MedianChart>,
    /// True if each group has its own scale.
    own_scales: bool,
    /// True if some rows have several batches in flight.
    throughput: bool,
    /// True if some rows have one batch in flight.
    latency: bool,
    legend: Vec<(String, String)>,
}

#[derive(Debug, Serialize)]
struct MedianChart {
    work: String,
    chart: Value,
}

/// The length of the longest bar, relative to the width. The bar's figure needs the rest, even on a
/// phone.
const LONGEST: f64 = 0.55;
const BAR: f64 = 16.0;
const STEP: f64 = 21.0;

pub(super) fn medians(rows: &Rows) -> Medians {
    let several = rows.series.len() > 1;
    let all = longest(rows.entries.iter());
    let groups = rows.groups().into_iter().map(|group| {
        let scale = if several {
            longest(group.iter().copied())
        } else {
            all
        };
        let work = rows.work(&group[0].row.work);
        let label = format!("Milliseconds per batch of {work}");
        let mut chart = picture(STEP * group.len() as f64, &label);
        for (i, entry) in group.iter().enumerate() {
            let down = format!("translate(0 {})", px(STEP * i as f64));
            chart.push(bar(rows, &group, entry, scale).set("transform", down));
        }
        let chart = chart.into_value();
        MedianChart { work, chart }
    });
    let has = |scenario| rows.entries.iter().any(|e| e.row.work.scenario == scenario);
    let legend = rows.series.iter().enumerate();
    Medians {
        groups: groups.collect(),
        own_scales: several,
        throughput: has(Scenario::Throughput),
        latency: has(Scenario::Latency),
        legend: if several {
            legend.map(|(i, s)| (colour(i), s.label.clone())).collect()
        } else {
            vec![]
        },
    }
}

fn longest<'a>(entries: impl Iterator<Item = &'a Entry<'a>>) -> f64 {
    let times = entries.filter_map(|entry| Some(entry.batch_ms()?.ms));
    times.fold(0.0, f64::max)
}

fn bar(rows: &Rows, group: &[&Entry], entry: &Entry, longest: f64) -> Element {
    let label = rows.label(entry);
    let text = el("text").set("y", px(BAR - 3.5)).set("dx", 7);
    let base = el("rect").class("base").set("width", 2);
    let base = base.set("height", px(BAR));
    if !entry.is_right() {
        let failed = text.class("failed").set("x", 0).text("FAILED");
        let why = format!("{label}: FAILED, {}", entry.why());
        return el("g").title(&why).with(base).with(failed);
    }
    let Some(time) = entry.batch_ms() else {
        let none = text.class("num").set("x", 0).text("no rate");
        return el("g").title(label).with(base).with(none);
    };
    let width = if longest > 0.0 {
        LONGEST * time.ms / longest
    } else {
        0.0
    };
    let reference = rows.reference(group, entry);
    let times = reference.and_then(|r| speed_up(r, entry));
    let times = times.map(|times| format!(" · {}×", ratio(times)));
    let figure = format!("{} ms{}", ms(time.ms), times.unwrap_or_default());
    let bar = el("rect")
        .class(&colour(entry.series))
        .set("width", percent(width))
        .set("height", px(BAR))
        .set("rx", 2)
        // For a throughput row the time is computed from the rate, so tests cannot find it in the
        // data.
        .set("data-ms", time.ms)
        .num(&time.from);
    let text = text.class("num").set("x", percent(width)).text(&figure);
    let title = format!("{label}: {figure}");
    el("g").title(&title).with(bar).with(text)
}
