//! The views. They only read the desk and return the user's wishes.

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

use crate::desk::{Desk, Mode};
use crate::wish::Wish;
use theme::Palette;

/// Draws the window and returns the positions of the bars.
pub fn show(ui: &mut Ui, desk: &Desk, wishes: &mut Vec<Wish>) -> Vec<Rect> {
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
        .show(ui, |ui| header::show(ui, desk, wishes));
    Panel::left("pictures")
        .frame(side)
        .resizable(false)
        .exact_size(236.0)
        .show(ui, |ui| list::show(ui, desk, wishes));
    let mut bars = vec![];
    Panel::right("answers")
        .frame(side)
        .resizable(false)
        .exact_size(312.0)
        .show(ui, |ui| {
            bars = answers::show(ui, desk, wishes);
            ui.add_space(10.0);
            // The cards may be taller than the window.
            ScrollArea::vertical().show(ui, |ui| cards::show(ui, desk));
        });
    CentralPanel::no_frame()
        .frame(ground)
        .show(ui, |ui| match desk.mode {
            Mode::Pictures => stage::show(ui, desk, wishes),
            Mode::Live => live::show(ui, desk, wishes),
        });
    notices::show(ui, desk, wishes);
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
