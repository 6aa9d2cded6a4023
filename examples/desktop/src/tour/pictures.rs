//! The tour of pictures: answers, heat, another class's heat, and a dropped picture.

use eframe::egui::Key;
use eframe::wgpu;
use resnet_wgpu::Prediction;
use serde_json::{Value, json};

use super::{NextStop, Tour, TourStop};
use crate::picture::MapState;
use crate::state::AppState;

impl Tour {
    pub(super) fn answers(&mut self, state: &AppState) {
        let pictures = state.pictures.all();
        let answered = pictures.iter().all(|picture| picture.answer.is_some());
        if !state.is_idle() || !answered || (pictures.is_empty() && self.requested > 0) {
            return;
        }
        let software = state.gpu.info().device_type == wgpu::DeviceType::Cpu;
        self.note("device", state.gpu.describe());
        self.note("software", software);
        let Some(picture) = state.pictures.selected() else {
            return self.go_to(TourStop::Shot("empty", NextStop::End));
        };
        let top = picture.answer.iter().flat_map(|answer| &answer.top);
        let describe = |best: &Prediction| {
            let (class, label, probability) = (best.class, &best.label, best.probability);
            json!({"class": class, "label": label, "probability": probability})
        };
        self.note("top", top.map(describe).collect::<Vec<Value>>());
        self.go_to(TourStop::Shot("pictures", NextStop::Heat));
    }

    pub(super) fn heat(&mut self, state: &AppState) {
        let maps = state.pictures.selected().map(|picture| &picture.maps);
        if let Some(MapState::Ready(maps)) = maps.filter(|_| state.heat) {
            let classes: Vec<usize> = maps.iter().map(|heat| heat.class).collect();
            self.note("maps", classes);
            self.go_to(TourStop::Shot("heat", NextStop::Another));
        }
    }

    pub(super) fn another(&mut self, state: &AppState) {
        if let (Some(class), Some(picture)) = (state.class, state.pictures.selected()) {
            self.note("clicked", class);
            self.user.press(Key::H);
            self.user.drop_file(&picture.path);
            self.go_to(TourStop::Dropped(state.pictures.all().len()));
        }
    }

    /// Waits until the dropped picture is the last, selected and classified.
    pub(super) fn dropped(&mut self, state: &AppState, before: usize) {
        let Some(picture) = state.pictures.selected() else {
            return;
        };
        let all = state.pictures.all();
        let last = all.last().map(|last| last.id) == Some(picture.id);
        if let Some(answer) = &picture.answer
            && last
            && all.len() > before
        {
            self.note("dropped", answer.top.first().map(|best| best.class));
            self.user.press(Key::L);
            self.go_to(TourStop::Recorder);
        }
    }
}
