//! The views. They only read the state and return the user's actions.

mod answers;
mod cards;
mod header;
mod list;
mod live;
mod notices;
mod parts;
mod plot;
mod stage;
pub mod theme;

use eframe::egui::{
    Align, CentralPanel, Frame, Layout, Margin, Panel, Rect, RichText, ScrollArea, Ui,
};

use crate::state::{AppState, Mode};
use crate::user_action::UserAction;
use theme::Palette;

/// Draws the window and returns the positions of the bars.
pub fn show(ui: &mut Ui, state: &AppState, actions: &mut Vec<UserAction>) -> Vec<Rect> {
    let palette = Palette::of(ui);
    let side = Frame::new()
        .fill(palette.side)
        .inner_margin(Margin::same(14));
    let head = Frame::new()
        .fill(palette.side)
        .inner_margin(Margin::symmetric(16, 10));
    let ground = Frame::new()
        .fill(palette.ground)
        .inner_margin(Margin::same(18));
    Panel::top("header")
        .frame(head)
        .resizable(false)
        .show(ui, |ui| header::show(ui, state, actions));
    Panel::left("pictures")
        .frame(side)
        .resizable(false)
        .exact_size(236.0)
        .show(ui, |ui| list::show(ui, state, actions));
    let mut bars = vec![];
    Panel::right("answers")
        .frame(side)
        .resizable(false)
        .exact_size(312.0)
        .show(ui, |ui| {
            bars = answers::show(ui, state, actions);
            ui.add_space(10.0);
            // The cards may be taller than the window.
            ScrollArea::vertical().show(ui, |ui| cards::show(ui, state));
        });
    CentralPanel::no_frame()
        .frame(ground)
        .show(ui, |ui| match state.mode {
            Mode::Pictures => stage::show(ui, state, actions),
            Mode::Live => live::show(ui, state, actions),
        });
    notices::show(ui, state, actions);
    bars
}

/// Draws a window without a device, which shows only the reason.
pub fn closed(ui: &mut Ui, message: &str) {
    let palette = Palette::of(ui);
    let frame = Frame::new()
        .fill(palette.ground)
        .inner_margin(Margin::same(48));
    CentralPanel::no_frame().frame(frame).show(ui, |ui| {
        ui.with_layout(Layout::top_down(Align::Center), |ui| {
            ui.add_space(0.3 * ui.available_height());
            ui.label(
                RichText::new("The application cannot run here")
                    .size(22.0)
                    .strong(),
            );
            ui.add_space(8.0);
            ui.label(RichText::new(message).color(palette.weak));
        });
    });
}
