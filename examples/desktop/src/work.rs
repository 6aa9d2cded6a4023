//! What is handed to the workers, and what comes back: pictures, answers, maps
//! and recorders.

use std::path::PathBuf;
use std::time::Duration;

use eframe::wgpu;
use resnet_wgpu::classify::Recorder;
use resnet_wgpu::explain::Explained;
use resnet_wgpu::{Error, Prediction};

use crate::desk::{Desk, Mode};
use crate::heat;
use crate::live::Setup;
use crate::pictures::{Answered, Heat, Maps, Opened, open};
use crate::texture::{Shown, upload};

/// What the network's worker found, and of which model and picture.
pub enum Found {
    Answer(u64, u64, Result<(Vec<Prediction>, Duration), Error>),
    Maps(u64, u64, Result<Vec<(usize, wgpu::Texture)>, Error>),
    Recorder(u64, Result<Box<Recorder>, Error>),
}

impl Desk {
    /// Opens pictures and folders; the first of them will be looked at.
    pub fn open(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        let paths: Vec<PathBuf> = paths.into_iter().collect();
        if !paths.is_empty() {
            self.pictures.look_at_next();
            self.mode = Mode::Pictures;
        }
        for path in paths {
            let (device, queue) = (self.gpu.device().clone(), self.gpu.queue().clone());
            // A thread that is gone is told when its results are looked for.
            let _ = self.opener.run(move || open(path, &device, &queue));
        }
    }

    pub fn opened(&mut self, opened: Opened) {
        match opened {
            Opened::Picture(decoded) => {
                let id = self.pictures.add(&self.window, *decoded).id;
                self.classify(id);
                self.ask_for_heat();
            }
            Opened::Folder(paths) => self.open(paths),
            Opened::Failed(message) => self.tell(message),
        }
    }

    pub fn load(&mut self, file: Option<PathBuf>) {
        if let Err(error) = self.models.load(&self.gpu, file) {
            self.tell(error);
        }
    }

    /// All is to be said again by the new network.
    pub fn model_changed(&mut self) {
        self.pictures.forget_answers();
        self.live.forget_model();
        self.class = None;
        let ids: Vec<u64> = self
            .pictures
            .all()
            .iter()
            .map(|picture| picture.id)
            .collect();
        ids.into_iter().for_each(|id| self.classify(id));
        self.ask_for_heat();
        self.ask_for_recorder();
    }

    /// Has a picture classified.
    fn classify(&mut self, id: u64) {
        if let Some(model) = &self.models.loaded
            && let Some(picture) = self.pictures.by_id(id)
        {
            let (network, of, pixels) = (model.network.clone(), model.id, picture.pixels.clone());
            let _ = self
                .network
                .run(move || Found::Answer(of, id, network.classify(&pixels)));
        }
    }

    /// Has the maps of the selected picture made, where they are to be seen.
    pub fn ask_for_heat(&mut self) {
        let wanted = self.heat && self.mode == Mode::Pictures;
        let Some(id) = self.pictures.selected().filter(|_| wanted).map(|p| p.id) else {
            return;
        };
        if let Some(model) = &self.models.loaded
            && let Some(picture) = self.pictures.by_id(id)
            && matches!(picture.maps, Maps::None)
        {
            picture.maps = Maps::Coming;
            let (network, of, pixels) = (model.network.clone(), model.id, picture.pixels.clone());
            let (device, queue) = (self.gpu.device().clone(), self.gpu.queue().clone());
            let _ = self.network.run(move || {
                let maps = network.explain(&pixels);
                let painted = maps.map(|maps| {
                    let paint = |e: &Explained| {
                        let heat = heat::paint(&e.map);
                        let side = heat.width();
                        (e.prediction.class, upload(&device, &queue, &heat, side))
                    };
                    maps.iter().map(paint).collect()
                });
                Found::Maps(of, id, painted)
            });
        }
    }

    /// Has a recorder made, where frames are to have inference in them.
    pub fn ask_for_recorder(&mut self) {
        if self.mode == Mode::Live
            && matches!(self.live.recorder, Setup::None)
            && let Some(model) = &self.models.loaded
        {
            self.live.recorder = Setup::Coming;
            let (network, of) = (model.network.clone(), model.id);
            let _ = self
                .network
                .run(move || Found::Recorder(of, network.recorder().map(Box::new)));
        }
    }

    /// Takes in what a network said, unless there is another by now.
    pub fn found(&mut self, found: Found) {
        let now = self.models.loaded.as_ref().map(|model| model.id);
        match found {
            Found::Answer(of, _, _) | Found::Maps(of, _, _) | Found::Recorder(of, _)
                if Some(of) != now => {}
            Found::Answer(_, id, answer) => {
                let (top, took) = answer.unwrap_or_else(|error| {
                    self.tell(error);
                    Default::default()
                });
                if let Some(picture) = self.pictures.by_id(id) {
                    picture.answer = Some(Answered { top, took });
                }
            }
            Found::Maps(_, id, Ok(maps)) => {
                let heat = |(class, texture)| Heat {
                    class,
                    shown: Shown::new(&self.window, texture),
                };
                if let Some(picture) = self.pictures.by_id(id) {
                    picture.maps = Maps::There(maps.into_iter().map(heat).collect());
                }
            }
            Found::Maps(_, id, Err(error)) => {
                if let Some(picture) = self.pictures.by_id(id) {
                    picture.maps = Maps::Failed;
                }
                self.heat = false;
                self.tell(error);
            }
            Found::Recorder(_, Ok(recorder)) => self.live.set_recorder(recorder),
            Found::Recorder(_, Err(error)) => {
                self.live.recorder = Setup::Failed;
                self.tell(error);
            }
        }
    }
}
