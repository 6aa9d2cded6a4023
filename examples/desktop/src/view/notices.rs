//! The errors that the user has not dismissed.

use eframe::egui::{
    Align, Align2, Area, Frame, Id, Label, Layout, Margin, Order, RichText, Stroke, Ui, vec2,
};

use super::theme::{Palette, ROUND};
use crate::state::AppState;
use crate::user_action::UserAction;

/// The number of notices that are visible at once; the latest are shown.
const VISIBLE: usize = 3;

pub fn show(ui: &Ui, state: &AppState, actions: &mut Vec<UserAction>) {
    if state.notices.is_empty() {
        return;
    }
    let palette = Palette::of(ui);
    let width = (ui.ctx().content_rect().width() - 80.0).clamp(200.0, 560.0);
    Area::new(Id::unique("notices"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_BOTTOM, vec2(0.0, -20.0))
        .show(ui.ctx(), |ui| {
            let first = state.notices.len().saturating_sub(VISIBLE);
            if state.notices.len() > 1 {
                let says = format!("Dismiss all {}", state.notices.len());
                if ui.button(says).clicked() {
                    actions.push(UserAction::DismissAll);
                }
                ui.add_space(6.0);
            }
            for (at, message) in state.notices.all().enumerate().skip(first) {
                let frame = Frame::new()
                    .fill(palette.card)
                    .stroke(Stroke::new(1.0, palette.error))
                    .corner_radius(ROUND)
                    .inner_margin(Margin::symmetric(14, 10));
                frame.show(ui, |ui| {
                    ui.set_width(width);
                    ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
                        if ui.small_button("×").on_hover_text("Dismiss").clicked() {
                            actions.push(UserAction::Dismiss(at));
                        }
                        ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                            ui.add(Label::new(RichText::new(message).color(palette.text)).wrap());
                        });
                    });
                });
                ui.add_space(6.0);
            }
        });
}
