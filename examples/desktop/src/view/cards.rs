//! The origin of the answer: the network, the device, and the times.

use eframe::egui::{RichText, Ui};

use super::parts::{card, count, row, time};
use super::theme::Palette;
use crate::live::RecorderState;
use crate::state::{AppState, Mode};

pub fn show(ui: &mut Ui, state: &AppState) {
    network(ui, state);
    device(ui, state);
    match state.mode {
        Mode::Pictures => timing(ui, state),
        Mode::Live => inference(ui, state),
    }
}

fn network(ui: &mut Ui, state: &AppState) {
    card(ui, Palette::of(ui).card, "Network", |ui| {
        let Some(model) = &state.models.loaded else {
            ui.label(RichText::new("none yet").color(Palette::of(ui).weak));
            return;
        };
        let classifier = &model.network.classifier;
        let session = classifier.session();
        let (height, width) = classifier.preprocess().crop;
        let cost = session.graph().total_cost();
        let (weights, _) = session.shared_bytes();
        row(ui, "Name", &classifier.model().network().name);
        row(ui, "Classes", classifier.labels().len().to_string());
        row(ui, "Input", format!("{width} × {height} pixels"));
        row(ui, "Parameters", count(cost.parameters));
        row(ui, "Weights", format!("{}B", count(weights)));
    });
}

fn device(ui: &mut Ui, state: &AppState) {
    card(ui, Palette::of(ui).card, "Device", |ui| {
        let info = state.gpu.info();
        row(ui, "Name", &info.name);
        row(ui, "Backend", info.backend.to_string());
        row(ui, "Shared with", "this window");
    });
}

fn timing(ui: &mut Ui, state: &AppState) {
    card(ui, Palette::of(ui).card, "Time", |ui| {
        let picture = state.pictures.selected();
        let answer = picture.and_then(|picture| picture.answer.as_ref());
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".into());
        let model = state.models.loaded.as_ref();
        row(
            ui,
            "Loading the network",
            or_dash(model.map(|m| time(m.loading))),
        );
        row(ui, "Decoding", or_dash(picture.map(|p| time(p.decoding))));
        row(ui, "Classifying", or_dash(answer.map(|a| time(a.duration))));
    });
}

fn inference(ui: &mut Ui, state: &AppState) {
    card(ui, Palette::of(ui).card, "Inference", |ui| {
        let RecorderState::Ready(recorder) = &state.live.recorder else {
            ui.label(RichText::new("being set up").color(Palette::of(ui).weak));
            return;
        };
        let answers = &state.live.answers;
        row(ui, "GPU time per run", time(recorder.gpu_time()));
        let slices = recorder.slices(state.live.budget);
        row(ui, "Slices per answer", slices.to_string());
        row(ui, "Answers per second", format!("{:.1}", answers.rate()));
        row(ui, "Latency", time(answers.latency));
        row(ui, "Recording a frame", time(state.live.recording));
        let waits = state.gpu.waits() - state.live.waits_before;
        row(ui, "Waits for the device", waits.to_string());
    });
}
