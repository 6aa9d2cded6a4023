//! The roofline plot: a dot for each layer, below the limits that the device's peaks set.

use minijinja::Value;
use serde::Serialize;

use crate::{Peaks, Profile, StepTime};

use super::chart::{FAMILIES, Family, LogAxis, family_of};
use super::number::{Num, rate, significant};
use super::rows::{Entry, Rows};
use crate::page::svg::{Element, el, percent, picture, px};

#[derive(Debug, Serialize)]
pub(super) struct Rooflines {
    plots: Vec<Plot>,
    /// The devices that have profiles but no peaks, and thus no plot.
    without_peaks: Vec<String>,
    families: Vec<Family>,
}

#[derive(Debug, Serialize)]
struct Plot {
    title: String,
    chart: Value,
    fma: Num,
    memory: Num,
    ridge: String,
    /// The number of dispatches without multiplications, which have no position on the plot.
    left_out: usize,
}

const HEIGHT: f64 = 280.0;
/// The height of the numbers below the plot, in pixels.
const AXIS: f64 = 18.0;

pub(super) fn rooflines(rows: &Rows) -> Rooflines {
    let mut plots = vec![];
    let mut without_peaks = vec![];
    let mut families = vec![];
    for entry in rows.entries.iter().filter(|entry| entry.is_right()) {
        let (Some(profile), Some(device)) = (&entry.row.profile, entry.device) else {
            continue;
        };
        let Some(peaks) = &device.peaks else {
            if !without_peaks.contains(&device.name) {
                without_peaks.push(device.name.clone());
            }
            continue;
        };
        families.extend(plotted_steps(profile).map(|(_, step)| family_of(&step.kernel)));
        plots.extend(plot(rows, entry, profile, peaks));
    }
    let used = FAMILIES
        .into_iter()
        .filter(|family| families.contains(family));
    Rooflines {
        plots,
        without_peaks,
        families: used.collect(),
    }
}

/// Returns the steps that have a position on logarithmic axes.
fn plotted_steps(profile: &Profile) -> impl Iterator<Item = (usize, &StepTime)> {
    let steps = profile.steps.iter().enumerate();
    steps.filter(|(_, s)| s.macs > 0 && s.bytes > 0 && s.gflops > 0.0 && s.gflops.is_finite())
}

fn intensity(step: &StepTime) -> f64 {
    2.0 * step.macs as f64 / step.bytes as f64
}

fn plot(rows: &Rows, entry: &Entry, profile: &Profile, peaks: &Peaks) -> Option<Plot> {
    let fma = peaks.fma_f32_gflops;
    let memory = peaks.memory_gbytes_per_second;
    let ridge = fma / memory;
    if !(ridge > 0.0 && ridge.is_finite()) {
        return None;
    }
    let steps: Vec<_> = plotted_steps(profile).collect();
    let x = LogAxis::over(
        steps
            .iter()
            .map(|(_, s)| intensity(s))
            .chain([ridge / 2.0, ridge * 8.0]),
    )?;
    let y = LogAxis::over(
        steps
            .iter()
            .map(|(_, s)| s.gflops)
            .chain([fma / 60.0, fma * 1.6]),
    )?;
    let axes = Axes { x, y };
    let title = rows.title(entry);
    let label = format!(
        "Roofline of {title}: GFLOP/s over FLOP per byte of {} layers",
        steps.len()
    );
    let mut chart = picture(HEIGHT + AXIS, &label);
    axes.draw_grid(&mut chart);
    axes.draw_ceilings(&mut chart, fma, memory);
    axes.draw_labels(&mut chart);
    let largest = steps.iter().map(|(_, s)| s.share).fold(0.0, f64::max);
    for (i, step) in &steps {
        let at = entry.at(&format!("profile/steps/{i}/gflops"));
        let num = Num::rate(step.gflops, at);
        let part = if largest > 0.0 {
            (step.share / largest).max(0.0)
        } else {
            0.0
        };
        let text = format!(
            "{}: {} GFLOP/s at {} FLOP/byte, {:.1} % of the time",
            step.layer,
            num.text,
            significant(intensity(step), 3),
            step.share
        );
        let dot = el("circle")
            .class(&format!("dot {}", family_of(&step.kernel).class))
            .set("cx", percent(x.position(intensity(step))))
            .set("cy", px(axes.y_pixels(step.gflops)))
            // The area of the dot shows the step's share.
            .set("r", px(2.5 + 7.5 * part.sqrt()));
        chart.push(dot.num(&num).title(&text));
    }
    let device = entry.row.device.unwrap_or_default();
    let at = |what| format!("/{}/report/devices/{device}/peaks/{what}", entry.report);
    Some(Plot {
        title,
        chart: chart.into_value(),
        fma: Num::new(fma, flops(fma), at("fma_f32_gflops")),
        memory: Num::new(
            memory,
            format!("{}\u{a0}GB/s", rate(memory)),
            at("memory_gbytes_per_second"),
        ),
        ridge: significant(ridge, 3),
        left_out: profile.steps.len() - steps.len(),
    })
}

fn flops(gflops: f64) -> String {
    format!("{}\u{a0}GFLOP/s", rate(gflops))
}

#[derive(Debug, Clone, Copy)]
struct Axes {
    x: LogAxis,
    y: LogAxis,
}

impl Axes {
    fn y_pixels(&self, gflops: f64) -> f64 {
        HEIGHT * (1.0 - self.y.position(gflops))
    }

    fn draw_grid(&self, chart: &mut Element) {
        let line = el("line").class("grid");
        for tick in self.y.ticks() {
            let y = px(self.y_pixels(tick));
            let line = line.clone().set("x1", 0).set("x2", "100%");
            chart.push(line.set("y1", &y).set("y2", &y));
        }
        for tick in self.x.ticks() {
            let x = percent(self.x.position(tick));
            let line = line.clone().set("y1", 0).set("y2", px(HEIGHT));
            chart.push(line.set("x1", &x).set("x2", &x));
        }
    }

    fn draw_labels(&self, chart: &mut Element) {
        let text = el("text").class("tick");
        // The first and the last tick would overlap the titles of the axes.
        for tick in self.y.ticks() {
            let y = self.y_pixels(tick) - 4.0;
            if y > 24.0 {
                let text = text.clone().set("x", 0).set("y", px(y));
                chart.push(text.text(&significant(tick, 1)));
            }
        }
        let below = px(HEIGHT + 14.0);
        for tick in self.x.ticks() {
            let x = self.x.position(tick);
            if (0.03..0.75).contains(&x) {
                let text = text.clone().set("x", percent(x)).set("y", &below);
                let text = text.set("text-anchor", "middle");
                chart.push(text.text(&significant(tick, 1)));
            }
        }
        chart.push(text.clone().set("x", 0).set("y", 11).text("GFLOP/s ↑"));
        let right = text.set("x", "100%").set("text-anchor", "end");
        chart.push(right.set("y", below).text("FLOP/byte →"));
    }

    /// Draws the slope that memory bandwidth sets up to the ridge, and the plateau that arithmetic
    /// sets beyond it.
    fn draw_ceilings(&self, chart: &mut Element, fma: f64, memory: f64) {
        let ridge = self.x.position(fma / memory);
        let top = px(self.y_pixels(fma));
        let line = el("line").class("ceiling");
        // The slope enters the plot at its left or at its bottom.
        let low = self.x.at(0.0).max(self.y.at(0.0) / memory);
        let slope = line.clone().set("x1", percent(self.x.position(low)));
        let slope = slope.set("y1", px(self.y_pixels(low * memory)));
        chart.push(slope.set("x2", percent(ridge)).set("y2", &top));
        let plateau = line.set("x1", percent(ridge)).set("y1", &top);
        chart.push(plateau.set("x2", "100%").set("y2", &top));
        let text = el("text")
            .class("tick")
            .set("x", "100%")
            .set("text-anchor", "end");
        let text = text.set("y", px(self.y_pixels(fma) - 6.0));
        chart.push(text.text(&flops(fma)));
    }
}
