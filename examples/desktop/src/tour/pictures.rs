//! The tour of pictures: answers, heat, another class's heat, and a dropped picture.

use eframe::egui::Key;
use eframe::wgpu;
use serde_json::{Value, json};

use super::{Next, Stop, Tour};
use crate::desk::Desk;
use crate::picture::Maps;

impl Tour {
    pub(super) fn answers(&mut self, desk: &Desk) {
        let pictures = desk.pictures.all();
        let said = pictures.iter().all(|picture| picture.answer.is_some());
        if !desk.is_idle() || !said || (pictures.is_empty() && self.asked > 0) {
            return;
        }
        let software = desk.gpu.info().device_type == wgpu::DeviceType::Cpu;
        self.note("device", desk.gpu.describe());
        self.note("software", software);
        let Some(picture) = desk.pictures.selected() else {
            return self.go(Stop::Shot("empty", Next::End));
        };
        let top = picture.answer.iter().flat_map(|answer| &answer.top);
        let says = |best: &resnet_wgpu::Prediction| {
            let (class, label) = (best.class, &best.label);
            json!({"class": class, "label": label, "probability": best.probability})
        };
        self.note("top", top.map(says).collect::<Vec<Value>>());
        self.go(Stop::Shot("pictures", Next::Heat));
    }

    pub(super) fn heat(&mut self, desk: &Desk) {
        let maps = desk.pictures.selected().map(|picture| &picture.maps);
        if let (true, Some(Maps::There(maps))) = (desk.heat, maps) {
            let classes: Vec<usize> = maps.iter().map(|heat| heat.class).collect();
            self.note("maps", classes);
            self.go(Stop::Shot("heat", Next::Another));
        }
    }

    pub(super) fn another(&mut self, desk: &Desk) {
        if let (Some(class), Some(picture)) = (desk.class, desk.pictures.selected()) {
            self.note("clicked", class);
            self.hands.press(Key::H);
            self.hands.drop_file(&picture.path);
            self.go(Stop::Dropped(desk.pictures.all().len()));
        }
    }

    /// Waits until the dropped picture is the last, selected and classified.
    pub(super) fn dropped(&mut self, desk: &Desk, before: usize) {
        let Some(picture) = desk.pictures.selected() else {
            return;
        };
        let all = desk.pictures.all();
        let last = all.last().map(|last| last.id) == Some(picture.id);
        if let Some(answer) = &picture.answer
            && last
            && all.len() > before
        {
            self.note("dropped", answer.top.first().map(|best| best.class));
            self.hands.press(Key::L);
            self.go(Stop::Recorder);
        }
    }
}
