//! The phases from opening the device to the first logits, for cold and warm starts, as stacked
//! bars.

use minijinja::Value;
use serde::Serialize;

use crate::Startup;

use super::number::Num;
use super::rows::{Entry, Rows};
use crate::page::svg::{Element, el, percent, picture, px};

#[derive(Debug, Serialize)]
pub(super) struct StartUps {
    groups: Vec<StartUpChart>,
    phases: Vec<(String, &'static str)>,
    /// True if some rows have a cold start. `without_cold` is true if some rows have none.
    with_cold: bool,
    without_cold: bool,
}

#[derive(Debug, Serialize)]
struct StartUpChart {
    title: String,
    chart: Value,
}

/// A start, its name on the page and its name in JSON.
type NamedStartup<'a> = (&'a Startup, &'static str, &'static str);

const LONGEST: f64 = 0.55;
const BAR: f64 = 16.0;
const STEP: f64 = 21.0;
/// The width of the words before the bars, in pixels.
const NAMES: f64 = 62.0;

const PHASES: [(&str, &str); 6] = [
    ("device_ms", "device"),
    ("load_ms", "weights"),
    ("plan_ms", "plan"),
    ("pipelines_ms", "pipelines"),
    ("upload_ms", "upload"),
    ("first_inference_ms", "first inference"),
];

fn phases(start: &Startup) -> [f64; 6] {
    [
        start.device_ms,
        start.load_ms,
        start.plan_ms,
        start.pipelines_ms,
        start.upload_ms,
        start.first_inference_ms,
    ]
}

/// Returns the starts of a row. The caches are known to be warm only after a cold start. Without a
/// cold start, the caches are in an unknown state.
fn starts<'a>(entry: &Entry<'a>) -> Vec<NamedStartup<'a>> {
    let start = &entry.row.startup;
    let second = match start.cold {
        Some(_) => "warm",
        None => "as found",
    };
    let cold = start.cold.as_ref().map(|s| (s, "cold", "cold"));
    let warm = start.warm.as_ref().map(|s| (s, second, "warm"));
    cold.into_iter().chain(warm).collect()
}

pub(super) fn start_ups(rows: &Rows) -> StartUps {
    let shown = rows.entries.iter().map(|entry| (entry, starts(entry)));
    let shown: Vec<_> = shown.filter(|(_, starts)| !starts.is_empty()).collect();
    let all = shown.iter().flat_map(|(_, starts)| starts);
    let longest = all.map(|(s, ..)| s.total_ms).fold(0.0, f64::max);
    let groups = shown.iter().map(|(entry, starts)| {
        let title = rows.title(entry);
        let label = format!("Start-up of {title} by phase, in milliseconds");
        let mut chart = picture(STEP * starts.len() as f64, &label);
        for (i, start) in starts.iter().enumerate() {
            let down = format!("translate(0 {})", px(STEP * i as f64));
            chart.push(bar(entry, start, longest).set("transform", down));
        }
        let chart = chart.into_value();
        StartUpChart { title, chart }
    });
    let has_cold = |(entry, _): &(&Entry, _)| entry.row.startup.cold.is_some();
    let classes = PHASES.iter().enumerate();
    StartUps {
        groups: groups.collect(),
        phases: classes
            .map(|(i, (_, name))| (format!("p{}", i + 1), *name))
            .collect(),
        with_cold: shown.iter().any(has_cold),
        without_cold: !shown.iter().all(has_cold),
    }
}

fn bar(entry: &Entry, &(start, name, path): &NamedStartup, longest: f64) -> Element {
    let part = |ms: f64| {
        if longest > 0.0 {
            LONGEST * ms / longest
        } else {
            0.0
        }
    };
    let at = |what: &str| entry.at(&format!("startup/{path}/{what}"));
    let mut bars = el("g").set("transform", format!("translate({NAMES} 0)"));
    let mut x = 0.0;
    for (i, (ms, (path, phase))) in phases(start).into_iter().zip(PHASES).enumerate() {
        let num = Num::ms(ms, at(path));
        let phase_bar = el("rect")
            .class(&format!("p{}", i + 1))
            .set("x", percent(x))
            .set("width", percent(part(ms)))
            .set("height", px(BAR))
            .num(&num);
        bars.push(phase_bar.title(&format!("{name}, {phase}: {} ms", num.text)));
        x += part(ms);
    }
    let total = Num::ms(start.total_ms, at("total_ms"));
    let y = px(BAR - 3.5);
    let text = el("text")
        .class("num")
        .set("x", percent(x))
        .set("dx", 7)
        .set("y", &y);
    let figure = el("tspan").num(&total).text(&total.text);
    bars.push(text.with(figure).text(" ms"));
    el("g")
        .with(el("text").class("soft").set("x", 0).set("y", y).text(name))
        .with(bars)
}
