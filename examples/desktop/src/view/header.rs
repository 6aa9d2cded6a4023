//! The header: the selected picture and the network in use.

use eframe::egui::{Align, Layout, ProgressBar, RichText, Stroke, Ui, vec2};

use super::parts::choice;
use super::theme::Palette;
use crate::state::{AppState, Mode};
use crate::user_action::UserAction;

pub fn show(ui: &mut Ui, state: &AppState, actions: &mut Vec<UserAction>) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("resnet-wgpu").heading().strong());
        ui.add_space(28.0);
        let modes = [
            (Mode::Pictures, "Pictures", "Pictures from files"),
            (Mode::Live, "Live", "A scene, classified in each frame (L)"),
        ];
        for (mode, name, hint) in modes {
            let button = choice(ui, state.mode, mode, name);
            if button.on_hover_text(hint).clicked() {
                actions.push(UserAction::Show(mode));
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            models(ui, state, actions);
        });
    });
}

/// Draws the present network with a menu to change it, or the progress of loading.
fn models(ui: &mut Ui, state: &AppState, actions: &mut Vec<UserAction>) {
    let palette = Palette::of(ui);
    if let Some(pending) = &state.models.pending {
        if ui.button("Cancel").clicked() {
            actions.push(UserAction::CancelLoading);
        }
        let fraction = pending.fraction();
        let bar = ProgressBar::new(fraction)
            .desired_width(160.0)
            .desired_height(6.0);
        ui.add(bar.fill(palette.accent));
        ui.label(RichText::new(format!("Loading {}", pending.name)).color(palette.weak));
        return;
    }
    let name = match &state.models.loaded {
        Some(model) => model.network.classifier.model().network().name.clone(),
        None => "No network".into(),
    };
    // The spaces leave room for the menu's arrow.
    let menu = ui.menu_button(format!("{name}      "), |ui| {
        ui.set_min_width(210.0);
        if ui.button("Embedded network (CIFAR-10)").clicked() {
            actions.push(UserAction::Embedded);
            ui.close();
        }
        if ui.button("Open a safetensors file…").clicked() {
            actions.push(UserAction::OpenModel);
            ui.close();
        }
    });
    let at = menu.response.rect.right_center() - vec2(16.0, 0.0);
    let sign = [vec2(-4.0, -2.0), vec2(0.0, 2.0), vec2(4.0, -2.0)].map(|corner| at + corner);
    ui.painter()
        .line(sign.to_vec(), Stroke::new(1.5, palette.weak));
    ui.label(RichText::new("Network").color(palette.weak));
}
