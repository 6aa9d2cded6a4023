//! The origin of the answer: the network, the device, and the times.

use eframe::egui::{RichText, Ui};

use super::parts::{card, count, row, time};
use super::theme::Palette;
use crate::desk::{Desk, Mode};
use crate::live::Setup;

pub fn show(ui: &mut Ui, desk: &Desk) {
    network(ui, desk);
    device(ui, desk);
    match desk.mode {
        Mode::Pictures => timing(ui, desk),
        Mode::Live => inference(ui, desk),
    }
}

fn network(ui: &mut Ui, desk: &Desk) {
    card(ui, Palette::of(ui).card, "Network", |ui| {
        let Some(model) = &desk.models.loaded else {
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

fn device(ui: &mut Ui, desk: &Desk) {
    card(ui, Palette::of(ui).card, "Device", |ui| {
        let info = desk.gpu.info();
        row(ui, "Name", &info.name);
        row(ui, "Backend", info.backend.to_string());
        row(ui, "Shared with", "this window");
    });
}

fn timing(ui: &mut Ui, desk: &Desk) {
    card(ui, Palette::of(ui).card, "Time", |ui| {
        let picture = desk.pictures.selected();
        let answer = picture.and_then(|picture| picture.answer.as_ref());
        let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".into());
        let model = desk.models.loaded.as_ref();
        row(
            ui,
            "Loading the network",
            or_dash(model.map(|m| time(m.loading))),
        );
        row(ui, "Decoding", or_dash(picture.map(|p| time(p.decoding))));
        row(ui, "Classifying", or_dash(answer.map(|a| time(a.took))));
    });
}

fn inference(ui: &mut Ui, desk: &Desk) {
    card(ui, Palette::of(ui).card, "Inference", |ui| {
        let Setup::There(recorder) = &desk.live.recorder else {
            ui.label(RichText::new("being set up").color(Palette::of(ui).weak));
            return;
        };
        let answers = &desk.live.answers;
        row(ui, "GPU time per run", time(recorder.gpu_time()));
        let slices = recorder.slices(desk.live.budget);
        row(ui, "Slices per answer", slices.to_string());
        row(ui, "Answers per second", format!("{:.1}", answers.rate()));
        row(ui, "Latency", time(answers.latency));
        row(ui, "Recording a frame", time(desk.live.recording));
        let waits = desk.gpu.waits() - desk.live.waits_before;
        row(ui, "Waits for the device", waits.to_string());
    });
}
