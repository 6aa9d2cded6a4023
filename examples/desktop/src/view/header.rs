//! The header: the selected picture and the network in use.

use eframe::egui::{Align, Layout, ProgressBar, RichText, Stroke, Ui, vec2};

use super::parts::choice;
use super::theme::Palette;
use crate::desk::{Desk, Mode};
use crate::wish::Wish;

pub fn show(ui: &mut Ui, desk: &Desk, wishes: &mut Vec<Wish>) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("resnet-wgpu").heading().strong());
        ui.add_space(28.0);
        let modes = [
            (Mode::Pictures, "Pictures", "Pictures from files"),
            (Mode::Live, "Live", "A scene, classified in each frame (L)"),
        ];
        for (mode, name, says) in modes {
            let shown = choice(ui, desk.mode == mode, name);
            if shown.on_hover_text(says).clicked() {
                wishes.push(Wish::Show(mode));
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            models(ui, desk, wishes);
        });
    });
}

/// Draws the present network with a menu to change it, or the progress of loading.
fn models(ui: &mut Ui, desk: &Desk, wishes: &mut Vec<Wish>) {
    let palette = Palette::of(ui);
    if let Some(coming) = &desk.models.coming {
        if ui.button("Cancel").clicked() {
            wishes.push(Wish::CancelLoading);
        }
        let part = coming.fraction();
        let bar = ProgressBar::new(part)
            .desired_width(160.0)
            .desired_height(6.0);
        ui.add(bar.fill(palette.accent));
        ui.label(RichText::new(format!("Loading {}", coming.name)).color(palette.weak));
        return;
    }
    let name = match &desk.models.loaded {
        Some(model) => model.network.classifier.model().network().name.clone(),
        None => "No network".into(),
    };
    // The spaces leave room for the menu's arrow.
    let menu = ui.menu_button(format!("{name}      "), |ui| {
        ui.set_min_width(210.0);
        if ui.button("Embedded network (CIFAR-10)").clicked() {
            wishes.push(Wish::Embedded);
            ui.close();
        }
        if ui.button("Open a safetensors file…").clicked() {
            wishes.push(Wish::OpenModel);
            ui.close();
        }
    });
    let at = menu.response.rect.right_center() - vec2(16.0, 0.0);
    let sign = [vec2(-4.0, -2.0), vec2(0.0, 2.0), vec2(4.0, -2.0)].map(|corner| at + corner);
    ui.painter()
        .line(sign.to_vec(), Stroke::new(1.5, palette.weak));
    ui.label(RichText::new("Network").color(palette.weak));
}
