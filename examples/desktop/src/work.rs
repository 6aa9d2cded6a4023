//! The jobs of the network's worker and their results: answers, maps and recorders.

use std::path::PathBuf;
use std::time::Duration;

use eframe::wgpu;
use resnet_wgpu::{Explanation, Prediction, Recorder};

use crate::failure::Failure;
use crate::heat;
use crate::live::RecorderState;
use crate::model::Network;
use crate::picture::{ClassHeat, MapState, ModelAnswer};
use crate::state::{AppState, Mode};
use crate::texture::{EguiTexture, upload};

/// The results of the network's worker, each with its model's id and, for a picture, the picture's
/// id.
pub enum WorkerResult {
    Answer(u64, u64, Result<(Vec<Prediction>, Duration), Failure>),
    Maps(u64, u64, Result<Vec<(usize, wgpu::Texture)>, Failure>),
    Recorder(u64, Result<Box<Recorder>, Failure>),
    /// No result, because the model has been replaced.
    Stale,
}

impl AppState {
    pub fn load(&mut self, file: Option<PathBuf>) {
        // A pipe would block the loading thread for ever.
        let pipe = |path: &PathBuf| path.metadata().is_ok_and(|found| !found.is_file());
        if let Some(path) = file.clone().filter(pipe) {
            return self.notify(Failure::NotAFile(path));
        }
        if let Err(error) = self.models.load(&self.gpu, file) {
            self.notify(error);
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
        self.request_heat();
        self.request_recorder();
    }

    /// Requests the classification of a picture.
    pub fn classify(&mut self, id: u64) {
        let Some(picture) = self.pictures.by_id(id) else {
            return;
        };
        let source = picture.source();
        let answer = move |network: &Network| Ok(network.classify(&*source.pixels()?)?);
        self.run_on_network(answer, move |of, answer| {
            WorkerResult::Answer(of, id, answer)
        });
    }

    /// Gives the worker a job with the present network. The worker skips the job if that network
    /// has been replaced. Returns `false` if no network is loaded, or if the worker failed, which
    /// is shown as a notice.
    fn run_on_network<T>(
        &mut self,
        work: impl FnOnce(&Network) -> Result<T, Failure> + Send + 'static,
        result: impl Fn(u64, Result<T, Failure>) -> WorkerResult + Copy + Send + 'static,
    ) -> bool {
        let Some(model) = &self.models.loaded else {
            return false;
        };
        let network = model.network.clone();
        let of = model.id;
        let is_present = self.models.is_present(model.id);
        let sent = self.network.run(
            move || {
                if is_present() {
                    result(of, work(&network))
                } else {
                    WorkerResult::Stale
                }
            },
            move |failure| result(of, Err(failure)),
        );
        match sent {
            Ok(()) => true,
            Err(failure) => {
                self.notify(failure);
                false
            }
        }
    }

    /// Requests the maps of the selected picture, if heat is shown.
    pub fn request_heat(&mut self) {
        let wanted = self.heat && self.mode == Mode::Pictures;
        let picture = self.pictures.selected().filter(|_| wanted);
        let Some(picture) = picture else {
            return;
        };
        if self.models.loaded.is_none() || !matches!(picture.maps, MapState::None) {
            return;
        }
        let id = picture.id;
        let source = picture.source();
        let device = self.gpu.device().clone();
        let queue = self.gpu.queue().clone();
        let make = move |network: &Network| {
            let maps = network.explain(&*source.pixels()?)?;
            let paint = |e: &Explanation| {
                let texture = upload(&device, &queue, &heat::paint(&e.map))?;
                Ok((e.prediction.class, texture))
            };
            maps.iter().map(paint).collect()
        };
        let maps = if self.run_on_network(make, move |of, maps| WorkerResult::Maps(of, id, maps)) {
            MapState::Pending
        } else {
            MapState::Failed
        };
        if let Some(picture) = self.pictures.by_id(id) {
            picture.maps = maps;
        }
    }

    /// Requests a recorder in live mode.
    pub fn request_recorder(&mut self) {
        let wanted = self.mode == Mode::Live && matches!(self.live.recorder, RecorderState::None);
        if self.models.loaded.is_none() || !wanted {
            return;
        }
        let make = |network: &Network| Ok(Box::new(network.recorder()?));
        self.live.recorder = if self.run_on_network(make, WorkerResult::Recorder) {
            RecorderState::Pending
        } else {
            RecorderState::Failed
        };
    }

    /// Takes in a result, unless its model has been replaced.
    pub fn receive_result(&mut self, result: WorkerResult) {
        let now = self.models.loaded.as_ref().map(|model| model.id);
        match result {
            WorkerResult::Stale => {}
            WorkerResult::Answer(of, _, _)
            | WorkerResult::Maps(of, _, _)
            | WorkerResult::Recorder(of, _)
                if Some(of) != now => {}
            WorkerResult::Answer(_, id, answer) => {
                let (top, duration) = answer.unwrap_or_else(|failure| {
                    self.notify(failure);
                    Default::default()
                });
                if let Some(picture) = self.pictures.by_id(id) {
                    picture.answer = Some(ModelAnswer { top, duration });
                }
            }
            WorkerResult::Maps(_, id, Ok(maps)) => {
                let heat = |(class, texture)| ClassHeat {
                    class,
                    texture: EguiTexture::new(&self.window, texture),
                };
                if let Some(picture) = self.pictures.by_id(id) {
                    picture.maps = MapState::Ready(maps.into_iter().map(heat).collect());
                    // The user may have moved on, so the maps are released together with the
                    // picture.
                    self.pictures.mark_used(id);
                }
            }
            WorkerResult::Maps(_, id, Err(failure)) => {
                if let Some(picture) = self.pictures.by_id(id) {
                    picture.maps = MapState::Failed;
                }
                self.heat = false;
                self.notify(failure);
            }
            WorkerResult::Recorder(_, Ok(recorder)) => self.live.set_recorder(recorder),
            WorkerResult::Recorder(_, Err(failure)) => {
                self.live.recorder = RecorderState::Failed;
                self.notify(failure);
            }
        }
    }
}
