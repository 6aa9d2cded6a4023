//! The jobs of the network's worker and their results: answers, maps and recorders.

use std::path::PathBuf;
use std::time::Duration;

use eframe::wgpu;
use resnet_wgpu::{Explained, Prediction, Recorder};

use crate::desk::{Desk, Mode};
use crate::failure::Failure;
use crate::heat;
use crate::live::Setup;
use crate::model::Network;
use crate::picture::{Answered, Heat, Maps};
use crate::texture::{Shown, upload};

/// The results of the network's worker, each with its model's id and, for a picture, the picture's
/// id.
pub enum Found {
    Answer(u64, u64, Result<(Vec<Prediction>, Duration), Failure>),
    Maps(u64, u64, Result<Vec<(usize, wgpu::Texture)>, Failure>),
    Recorder(u64, Result<Box<Recorder>, Failure>),
    /// No result, because the model has been replaced.
    Stale,
}

impl Desk {
    pub fn load(&mut self, file: Option<PathBuf>) {
        // A pipe would block the loading thread for ever.
        let pipe = |path: &PathBuf| path.metadata().is_ok_and(|found| !found.is_file());
        if let Some(path) = file.clone().filter(pipe) {
            return self.tell(Failure::NotAFile(path));
        }
        if let Err(error) = self.models.load(&self.gpu, file) {
            self.tell(error);
        }
    }

    /// Requests all results again from the new network.
    pub fn model_changed(&mut self) {
        self.pictures.forget_answers();
        self.live.forget_model();
        self.class = None;
        let all = self.pictures.all().iter();
        let ids: Vec<u64> = all.map(|picture| picture.id).collect();
        ids.into_iter().for_each(|id| self.classify(id));
        self.ask_for_heat();
        self.ask_for_recorder();
    }

    /// Requests the classification of a picture.
    pub fn classify(&mut self, id: u64) {
        let Some(picture) = self.pictures.by_id(id) else {
            return;
        };
        let source = picture.source();
        let answer = move |network: &Network| Ok(network.classify(&*source.pixels()?)?);
        self.hand_over(answer, move |of, answer| Found::Answer(of, id, answer));
    }

    /// Gives the worker a job with the present network. The worker skips the job if that network
    /// has been replaced. Returns `false` if no network is loaded, or if the worker failed, which
    /// is shown as a notice.
    fn hand_over<T>(
        &mut self,
        work: impl FnOnce(&Network) -> Result<T, Failure> + Send + 'static,
        found: impl Fn(u64, Result<T, Failure>) -> Found + Copy + Send + 'static,
    ) -> bool {
        let Some(model) = &self.models.loaded else {
            return false;
        };
        let (network, of, is_present) = (model.network.clone(), model.id, self.models.is(model.id));
        let handed = self.network.run(
            move || {
                if is_present() {
                    found(of, work(&network))
                } else {
                    Found::Stale
                }
            },
            move |failure| found(of, Err(failure)),
        );
        match handed {
            Ok(()) => true,
            Err(failure) => {
                self.tell(failure);
                false
            }
        }
    }

    /// Requests the maps of the selected picture, if heat is shown.
    pub fn ask_for_heat(&mut self) {
        let wanted = self.heat && self.mode == Mode::Pictures;
        let picture = self.pictures.selected().filter(|_| wanted);
        let Some(picture) = picture else {
            return;
        };
        if self.models.loaded.is_none() || !matches!(picture.maps, Maps::None) {
            return;
        }
        let (id, source) = (picture.id, picture.source());
        let (device, queue) = (self.gpu.device().clone(), self.gpu.queue().clone());
        let make = move |network: &Network| {
            let maps = network.explain(&*source.pixels()?)?;
            let paint = |e: &Explained| {
                let texture = upload(&device, &queue, &heat::paint(&e.map))?;
                Ok((e.prediction.class, texture))
            };
            maps.iter().map(paint).collect()
        };
        let maps = if self.hand_over(make, move |of, maps| Found::Maps(of, id, maps)) {
            Maps::Coming
        } else {
            Maps::Failed
        };
        if let Some(picture) = self.pictures.by_id(id) {
            picture.maps = maps;
        }
    }

    /// Requests a recorder in live mode.
    pub fn ask_for_recorder(&mut self) {
        let wanted = self.mode == Mode::Live && matches!(self.live.recorder, Setup::None);
        if self.models.loaded.is_none() || !wanted {
            return;
        }
        let make = |network: &Network| Ok(Box::new(network.recorder()?));
        self.live.recorder = if self.hand_over(make, Found::Recorder) {
            Setup::Coming
        } else {
            Setup::Failed
        };
    }

    /// Takes in a result, unless its model has been replaced.
    pub fn found(&mut self, found: Found) {
        let now = self.models.loaded.as_ref().map(|model| model.id);
        match found {
            Found::Stale => {}
            Found::Answer(of, _, _) | Found::Maps(of, _, _) | Found::Recorder(of, _)
                if Some(of) != now => {}
            Found::Answer(_, id, answer) => {
                let (top, took) = answer.unwrap_or_else(|failure| {
                    self.tell(failure);
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
                    // The user may have moved on, so the maps are released together with the
                    // picture.
                    self.pictures.used(id);
                }
            }
            Found::Maps(_, id, Err(failure)) => {
                if let Some(picture) = self.pictures.by_id(id) {
                    picture.maps = Maps::Failed;
                }
                self.heat = false;
                self.tell(failure);
            }
            Found::Recorder(_, Ok(recorder)) => self.live.set_recorder(recorder),
            Found::Recorder(_, Err(failure)) => {
                self.live.recorder = Setup::Failed;
                self.tell(failure);
            }
        }
    }
}
