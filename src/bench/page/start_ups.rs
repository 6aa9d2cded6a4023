//! From nothing to the first logits, cold and warm, as stacked bars.

use minijinja::Value;
use serde::Serialize;

use crate::bench::Startup;

use super::number::{Num, shortened, significant};
use super::rows::{Entry, Rows};
use super::svg::{Element, el, percent, picture, px};

#[derive(Debug, Serialize)]
pub(super) struct StartUps {
    chart: Option<Value>,
    phases: Vec<(String, &'static str)>,
    without_cold: bool,
}

const LONGEST: f64 = 0.62;
const HEADING: f64 = 22.0;
const BAR: f64 = 16.0;
const STEP: f64 = 21.0;
const GAP: f64 = 12.0;
/// Room for the words before the bars, in pixels.
const NAMES: f64 = 44.0;

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

pub(super) fn start_ups(rows: &Rows) -> StartUps {
    let shown: Vec<(&Entry, Vec<(&str, &Startup)>)> = rows
        .entries
        .iter()
        .map(|entry| {
            let start = &entry.row.startup;
            let both = [("cold", &start.cold), ("warm", &start.warm)];
            let there = both
                .into_iter()
                .filter_map(|(name, s)| Some((name, s.as_ref()?)));
            (entry, there.collect())
        })
        .filter(|(_, starts): &(_, Vec<_>)| !starts.is_empty())
        .collect();
    let starts = shown.iter().flat_map(|(_, starts)| starts);
    let longest = starts.map(|(_, s)| s.total_ms).fold(0.0, f64::max);
    let mut y = 0.0;
    let mut inside = vec![];
    for (entry, starts) in &shown {
        let heading = el("text")
            .class("strong")
            .set("x", 0)
            .set("y", px(y + 15.0));
        inside.push(heading.text(&shortened(&rows.title(entry), 64)));
        y += HEADING;
        for (name, start) in starts {
            let bar = bar(entry, name, start, longest);
            inside.push(bar.set("transform", format!("translate(0 {})", px(y))));
            y += STEP;
        }
        y += GAP;
    }
    let mut chart = picture(y - GAP, "Start-up times by phase, in milliseconds");
    for element in inside {
        chart.push(element);
    }
    let classes = PHASES.iter().enumerate();
    StartUps {
        without_cold: shown
            .iter()
            .any(|(entry, _)| entry.row.startup.cold.is_none()),
        chart: (!shown.is_empty()).then(|| chart.into_value()),
        phases: classes
            .map(|(i, (_, name))| (format!("p{}", i + 1), *name))
            .collect(),
    }
}

fn bar(entry: &Entry, name: &str, start: &Startup, longest: f64) -> Element {
    let part = |ms: f64| {
        if longest > 0.0 {
            LONGEST * ms / longest
        } else {
            0.0
        }
    };
    let at = |path: &str| entry.at(&format!("startup/{name}/{path}"));
    let mut bars = el("g").set("transform", format!("translate({NAMES} 0)"));
    let mut x = 0.0;
    for (i, (ms, (path, phase))) in phases(start).into_iter().zip(PHASES).enumerate() {
        let num = Num::new(ms, significant(ms, 3), at(path));
        let phase_bar = el("rect")
            .class(&format!("p{}", i + 1))
            .set("x", percent(x))
            .set("width", percent(part(ms)))
            .set("height", px(BAR))
            .num(&num);
        bars.push(phase_bar.title(&format!("{name}, {phase}: {} ms", num.text)));
        x += part(ms);
    }
    let total = Num::new(
        start.total_ms,
        significant(start.total_ms, 3),
        at("total_ms"),
    );
    let y = px(BAR - 3.5);
    let text = el("text")
        .class("num")
        .set("x", percent(x))
        .set("dx", 7)
        .set("y", &y);
    bars.push(text.num(&total).text(&format!("{} ms", total.text)));
    el("g")
        .with(el("text").class("soft").set("x", 0).set("y", y).text(name))
        .with(bars)
}
