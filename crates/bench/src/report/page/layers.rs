//! The dispatches of a row as bars, which show the share of each in the GPU time.

use std::collections::BTreeMap;

use minijinja::Value;
use serde::Serialize;

use crate::{Profile, StepTime};

use super::chart::{FAMILIES, Family, family_of};
use super::number::Num;
use super::rows::{Entry, Rows};
use crate::page::svg::{Element, el, percent, picture, px};

#[derive(Debug, Serialize)]
pub(super) struct Layers {
    title: String,
    total: Num,
    repetitions: Num,
    clock: &'static str,
    families: Vec<FamilyShare>,
    parts: Value,
    has_ceilings: bool,
    steps: Vec<StepRow>,
}

/// A kernel family's share of the time.
#[derive(Debug, Serialize)]
struct FamilyShare {
    family: Family,
    share: String,
}

#[derive(Debug, Serialize)]
struct StepRow {
    layer: String,
    kernel: String,
    output: String,
    bar: Value,
    ms: Num,
    share: Num,
    gflops: Num,
    gbytes: Num,
    roofline: Option<Num>,
}

pub(super) fn layers(rows: &Rows) -> Vec<Layers> {
    let right = rows.entries.iter().filter(|entry| entry.is_right());
    right
        .filter_map(|entry| Some(profile_section(rows, entry, entry.row.profile.as_ref()?)))
        .collect()
}

fn profile_section(rows: &Rows, entry: &Entry, profile: &Profile) -> Layers {
    let at = |path: &str| entry.at(&format!("profile/{path}"));
    let longest = profile.steps.iter().map(|step| step.ms).fold(0.0, f64::max);
    let sum: f64 = profile.steps.iter().map(|step| step.ms).sum();
    let mut families: BTreeMap<Family, f64> = BTreeMap::new();
    for step in &profile.steps {
        *families.entry(family_of(&step.kernel)).or_default() += step.ms / sum;
    }
    let steps = profile.steps.iter().enumerate().map(|(i, step)| {
        let at = |path: &str| at(&format!("steps/{i}/{path}"));
        let rate = |value: f64, path: &str| Num::rate(value, at(path));
        let [channels, height, width] = step.output;
        let ms = Num::ms(step.ms, at("ms"));
        StepRow {
            layer: step.layer.clone(),
            kernel: step.kernel.clone(),
            output: format!("{channels}×{height}×{width}"),
            bar: step_bar(step, longest, &ms).into_value(),
            ms,
            share: Num::new(step.share, format!("{:.1}", step.share), at("share")),
            gflops: rate(step.gflops, "gflops"),
            gbytes: rate(step.gbytes_per_second, "gbytes_per_second"),
            roofline: (step.roofline_percent)
                .map(|percent| Num::percent(percent, at("roofline_percent"))),
        }
    });
    Layers {
        title: rows.title(entry),
        total: Num::ms(profile.total_ms, at("total_ms")),
        repetitions: Num::count(profile.repetitions, at("repetitions")),
        clock: super::environment::clock(profile.clock),
        parts: family_bar(&families).into_value(),
        families: FAMILIES
            .iter()
            .filter_map(|family| {
                let share = 100.0 * families.get(family)?;
                let family = *family;
                let share = format!("{share:.1} %");
                Some(FamilyShare { family, share })
            })
            .collect(),
        has_ceilings: profile.steps.iter().any(|step| step.ceiling_ms.is_some()),
        steps: steps.collect(),
    }
}

/// Draws the shares of all families in one bar.
fn family_bar(families: &BTreeMap<Family, f64>) -> Element {
    const HEIGHT: f64 = 14.0;
    let mut chart = picture(HEIGHT, "Parts of the GPU time by kind of kernel");
    let mut x = 0.0;
    for (family, &share) in families {
        let part = el("rect")
            .class(family.class)
            .set("x", percent(x))
            .set("width", percent(share))
            .set("height", px(HEIGHT));
        chart.push(part.title(&format!("{}: {:.1} %", family.name, 100.0 * share)));
        x += share;
    }
    chart
}

/// Draws the time of a step as a bar, with a mark at the time that the device's peaks would allow.
fn step_bar(step: &StepTime, longest: f64, ms: &Num) -> Element {
    const HEIGHT: f64 = 12.0;
    let part = |ms: f64| if longest > 0.0 { ms / longest } else { 0.0 };
    let ceiling = step.ceiling_ms.map(|ceiling| {
        let percent = step.roofline_percent.unwrap_or(f64::NAN);
        let text = format!(
            "{} ms at the device's peaks ({})",
            super::number::ms(ceiling),
            super::number::percent(percent)
        );
        (part(ceiling).min(1.0), text)
    });
    let mut label = format!("{}: {} ms", step.layer, ms.text);
    if let Some((_, text)) = &ceiling {
        label = format!("{label}, {text}");
    }
    let mut chart = picture(HEIGHT, &label).title(&label).with(
        el("rect")
            .class(family_of(&step.kernel).class)
            .set("width", percent(part(step.ms)))
            .set("height", px(HEIGHT))
            .set("rx", 1.5)
            .num(ms),
    );
    if let Some((x, _)) = ceiling {
        let line = el("line").set("y1", 0).set("y2", px(HEIGHT));
        let line = line.set("x1", percent(x)).set("x2", percent(x));
        // A light line below the mark makes the mark visible on any colour.
        chart.push(line.clone().class("seam"));
        chart.push(line.class("mark"));
    }
    chart
}
