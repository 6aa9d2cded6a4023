//! The user's actions and their effects.

use std::time::Duration;

use eframe::egui::Context;

use crate::state::{AppState, Mode};

/// An action of the user.
#[derive(Debug, Clone, PartialEq)]
pub enum UserAction {
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
    ToggleHeat,
    Opacity(f32),
    Class(usize),
    ToggleInference,
    Budget(Duration),
    Dismiss(usize),
    DismissAll,
}

impl AppState {
    pub fn perform(&mut self, action: UserAction, context: &Context) {
        match action {
            UserAction::OpenPictures => self.open_picture_dialog(),
            UserAction::OpenModel => self.open_model_dialog(),
            UserAction::Embedded => self.load(None),
            UserAction::CancelLoading => self.models.cancel(),
            UserAction::Select(id) => self.pictures.select(id),
            UserAction::Step(by) => {
                self.pictures.step(by);
                self.scroll_to_selected = true;
            }
            UserAction::Remove(id) => self.pictures.remove(id),
            UserAction::CloseAll => self.close_all(),
            UserAction::Show(mode) => self.mode = mode,
            UserAction::ToggleHeat => self.heat = !self.heat,
            UserAction::Opacity(opacity) => self.opacity = opacity,
            UserAction::Class(class) => {
                self.class = Some(class);
                self.heat = true;
            }
            UserAction::ToggleInference => self.live.toggle_inference(),
            UserAction::Budget(budget) => self.live.set_budget(budget),
            UserAction::Dismiss(at) => self.notices.dismiss(at),
            UserAction::DismissAll => self.notices.dismiss_all(),
        }
        self.request_heat();
        self.request_recorder();
        context.request_repaint();
    }
}
