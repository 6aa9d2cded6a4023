//! End-to-end medians as bars, those of the same work side by side.

use minijinja::Value;
use serde::Serialize;

use super::headline::{colour, speed_up};
use super::number::{Num, shortened, significant};
use super::rows::{Entry, Rows};
use super::svg::{Element, el, percent, picture, px};

#[derive(Debug, Serialize)]
pub(super) struct Medians {
    chart: Option<Value>,
    /// Whether each group has a scale of its own.
    own_scales: bool,
    legend: Vec<(String, String)>,
}

/// The longest bar; its figure needs the rest, on a phone too.
const LONGEST: f64 = 0.6;
const HEADING: f64 = 22.0;
const BAR: f64 = 16.0;
const STEP: f64 = 21.0;
const GAP: f64 = 12.0;

pub(super) fn medians(rows: &Rows) -> Medians {
    let groups = rows.groups();
    let several = rows.series.len() > 1;
    let all = rows.entries.iter().filter_map(median).fold(0.0, f64::max);
    let mut y = 0.0;
    let mut inside = vec![];
    for group in &groups {
        let work = rows.work(&group[0].row.work);
        let heading = el("text")
            .class("strong")
            .set("x", 0)
            .set("y", px(y + 15.0));
        inside.push(heading.text(&shortened(&work, 60)));
        y += HEADING;
        let longest = match several {
            true => group.iter().filter_map(|e| median(e)).fold(0.0, f64::max),
            false => all,
        };
        for entry in group {
            inside.push(
                bar(rows, group, entry, longest)
                    .set("transform", format!("translate(0 {})", px(y))),
            );
            y += STEP;
        }
        y += GAP;
    }
    let label = format!(
        "End-to-end medians of {} rows, in milliseconds",
        rows.entries.len()
    );
    let mut chart = picture(y - GAP, &label);
    for element in inside {
        chart.push(element);
    }
    let legend = rows.series.iter().enumerate();
    Medians {
        chart: (!groups.is_empty()).then(|| chart.into_value()),
        own_scales: several,
        legend: match several {
            true => legend.map(|(i, s)| (colour(i), s.label.clone())).collect(),
            false => vec![],
        },
    }
}

fn median(entry: &Entry) -> Option<f64> {
    entry.times().map(|times| times.median)
}

fn bar(rows: &Rows, group: &[&Entry], entry: &Entry, longest: f64) -> Element {
    let label = rows.label(entry);
    let text = el("text").class("num").set("y", px(BAR - 3.5)).set("dx", 7);
    let Some(median) = median(entry) else {
        let why = entry.why();
        return el("g")
            .title(&format!("{label}: FAILED, {why}"))
            .with(
                el("rect")
                    .class("base")
                    .set("width", 2)
                    .set("height", px(BAR)),
            )
            .with(text.class("failed").set("x", 0).text("FAILED"));
    };
    let num = Num::new(
        median,
        significant(median, 4),
        entry.at("end_to_end/median"),
    );
    let width = if longest > 0.0 {
        LONGEST * median / longest
    } else {
        0.0
    };
    let ratio = rows
        .reference(group, entry)
        .and_then(|r| speed_up(r, entry));
    let ratio = ratio.map(|ratio| format!(" · {}×", significant(ratio, 3)));
    let figure = format!("{} ms{}", num.text, ratio.unwrap_or_default());
    el("g")
        .title(&format!("{label}: {figure}"))
        .with(
            el("rect")
                .class(&colour(entry.series))
                .set("width", percent(width))
                .set("height", px(BAR))
                .set("rx", 2)
                .num(&num),
        )
        .with(text.set("x", percent(width)).text(&figure))
}
