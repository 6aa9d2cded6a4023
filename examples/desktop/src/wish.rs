//! The user's wishes and their effects.

use std::time::Duration;

use eframe::egui::Context;

use crate::desk::{Desk, Mode};

/// A wish of the user.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// Opens a dialog for pictures; `OpenModel` opens a dialog for a checkpoint.
    OpenPictures,
    OpenModel,
    Embedded,
    CancelLoading,
    Select(u64),
    Step(isize),
    Remove(u64),
    CloseAll,
    Show(Mode),
    Heat(bool),
    Opacity(f32),
    Class(usize),
    Classify(bool),
    Budget(Duration),
    Dismiss(usize),
    DismissAll,
}

impl Desk {
    pub fn fulfil(&mut self, wish: Wish, context: &Context) {
        match wish {
            Wish::OpenPictures => self.ask(false),
            Wish::OpenModel => self.ask(true),
            Wish::Embedded => self.load(None),
            Wish::CancelLoading => self.models.cancel(),
            Wish::Select(id) => self.pictures.select(id),
            Wish::Step(by) => {
                self.pictures.step(by);
                self.reveal = true;
            }
            Wish::Remove(id) => self.pictures.remove(id),
            Wish::CloseAll => self.close_all(),
            Wish::Show(mode) => self.mode = mode,
            Wish::Heat(heat) => self.heat = heat,
            Wish::Opacity(opacity) => self.opacity = opacity,
            Wish::Class(class) => (self.class, self.heat) = (Some(class), true),
            Wish::Classify(classify) => self.live.set_classify(classify),
            Wish::Budget(budget) => self.live.set_budget(budget),
            Wish::Dismiss(at) => self.notices.dismiss(at),
            Wish::DismissAll => self.notices.dismiss_all(),
        }
        self.ask_for_heat();
        self.ask_for_recorder();
        context.request_repaint();
    }
}
