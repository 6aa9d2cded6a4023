//! The live scene, and the frame times with inference and without.

use eframe::egui::{Align2, Color32, FontId, Image, Rect, RichText, Slider, Ui, pos2, vec2};
use std::time::Duration;

use super::parts::{card, fitted, time, within};
use super::plot;
use super::theme::{Palette, ROUND, ROUND_SMALL};
use crate::frames::{FrameKind, Summary};
use crate::state::AppState;
use crate::user_action::UserAction;

/// The height of the area below the scene.
const BELOW: f32 = 232.0;

/// The largest budget of the network in a frame, in milliseconds.
const MAX_BUDGET_MS: f64 = 16.0;

pub fn show(ui: &mut Ui, state: &AppState, actions: &mut Vec<UserAction>) {
    let space = ui.available_rect_before_wrap();
    let (above, below) = space.split_top_bottom_at_y(space.bottom() - BELOW);
    scene(ui, state, above);
    within(ui, below.with_min_y(below.top() + 16.0), |ui| {
        card(ui, Palette::of(ui).side, "Frame time", |ui| {
            controls(ui, state, actions);
            ui.add_space(6.0);
            let width = ui.available_width();
            let (rect, _) = ui.allocate_exact_size(vec2(width, 84.0), eframe::egui::Sense::hover());
            plot::show(ui, rect, &state.live.frames);
            ui.add_space(6.0);
            ui.horizontal(|ui| {
                figures(ui, state, FrameKind::Without, "without inference");
                ui.add_space(24.0);
                figures(ui, state, FrameKind::With, "with inference");
            });
        });
    });
}

fn scene(ui: &Ui, state: &AppState, space: Rect) {
    let palette = Palette::of(ui);
    let rect = fitted(space, state.scene.size());
    if state.pictures.all().is_empty() {
        let font = FontId::proportional(15.0);
        let says = "Open a picture: live mode shows the open pictures as a moving scene.";
        ui.painter().rect_filled(rect, ROUND, palette.side);
        ui.painter().text(
            rect.center(),
            Align2::CENTER_CENTER,
            says,
            font,
            palette.weak,
        );
        return;
    }
    Image::from_texture((state.scene.id(), state.scene.size()))
        .corner_radius(ROUND)
        .paint_at(ui, rect);
    let Some(best) = state
        .live
        .answers
        .top
        .first()
        .filter(|_| state.live.classify)
    else {
        return;
    };
    let says = format!("{}  {:.0} %", best.label, 100.0 * best.probability);
    let font = FontId::proportional(17.0);
    let words = ui.painter().layout_no_wrap(says, font, Color32::WHITE);
    let corner = rect.left_bottom() + vec2(14.0, -14.0 - words.size().y - 12.0);
    let behind = Rect::from_min_size(corner, words.size() + vec2(24.0, 12.0));
    ui.painter()
        .rect_filled(behind, ROUND_SMALL, Color32::from_black_alpha(170));
    ui.painter()
        .galley(corner + vec2(12.0, 6.0), words, Color32::WHITE);
}

fn controls(ui: &mut Ui, state: &AppState, actions: &mut Vec<UserAction>) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        let mut classify = state.live.classify;
        let checkbox = ui.checkbox(&mut classify, "Inference in each frame");
        if checkbox.on_hover_text("Switch on or off (I)").changed() {
            actions.push(UserAction::ToggleInference);
        }
        ui.add_space(20.0);
        ui.label(RichText::new("GPU time per frame").color(palette.weak));
        let mut budget = state.live.budget.as_secs_f64() * 1e3;
        let slider = Slider::new(&mut budget, 0.25..=MAX_BUDGET_MS)
            .logarithmic(true)
            .max_decimals(2)
            .suffix(" ms");
        if ui.add(slider).changed() {
            actions.push(UserAction::Budget(Duration::from_secs_f64(
                budget.clamp(0.0, MAX_BUDGET_MS) / 1e3,
            )));
        }
    });
}

/// Draws the statistics of a kind of frames, with its colour in the plot.
fn figures(ui: &mut Ui, state: &AppState, kind: FrameKind, name: &str) {
    let palette = Palette::of(ui);
    let (dot, _) = ui.allocate_exact_size(vec2(10.0, 10.0), eframe::egui::Sense::hover());
    ui.painter().circle_filled(
        pos2(dot.center().x, dot.center().y),
        4.0,
        plot::colour(&palette, kind),
    );
    ui.label(RichText::new(name).color(palette.weak));
    let says = match state.live.frames.summary(kind) {
        Some(Summary { median, p99, .. }) => {
            format!("median {}   p99 {}", time(median), time(p99))
        }
        None => "not measured yet".into(),
    };
    ui.label(says);
}
