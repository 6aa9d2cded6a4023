//! The state of the window, and the work of a frame.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use eframe::egui::{Rect, Ui};
use eframe::egui_wgpu::RenderState;
use resnet_wgpu::Gpu;

use crate::args::Args;
use crate::device::{self, DeviceEvent};
use crate::dialogs::DialogResult;
use crate::files::OpenResult;
use crate::live::LiveMode;
use crate::model::Models;
use crate::notices::Notices;
use crate::open_queue::OpenQueue;
use crate::pictures::Pictures;
use crate::texture::EguiTexture;
use crate::view;
use crate::work::WorkerResult;
use crate::worker::Worker;

/// The time between two looks at a network's progress.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(50);

/// The time that threads have to end.
const PATIENCE: Duration = Duration::from_secs(3);

/// The state of the window.
pub struct AppState {
    pub gpu: Gpu,
    pub window: RenderState,
    pub pictures: Pictures,
    pub models: Models,
    pub live: LiveMode,
    /// The texture of the live scene, for egui.
    pub scene: EguiTexture,
    pub mode: Mode,
    pub heat: bool,
    /// The opacity of the heat, from 0 to 1.
    pub opacity: f32,
    /// The class whose heat is shown. If it is not among the picture's classes, the likeliest class
    /// is shown.
    pub class: Option<usize>,
    /// Scrolls the list to the selected picture in the next frame.
    pub scroll_to_selected: bool,
    /// The errors that were not dismissed.
    pub notices: Notices,
    /// The reason for the loss of the device, after which nothing can be drawn.
    pub lost: Option<String>,
    events: Receiver<DeviceEvent>,
    /// The positions of the bars, for the tour's report.
    pub bars: Vec<Rect>,
    pub open_queue: OpenQueue,
    pub opener: Worker<OpenResult>,
    pub network: Worker<WorkerResult>,
    pub dialogs: Worker<DialogResult>,
}

/// The contents of the middle of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Pictures,
    Live,
}

impl AppState {
    pub fn new(context: &eframe::CreationContext<'_>, args: &Args) -> Result<Self, String> {
        let window = context.wgpu_render_state.as_ref();
        let window = window.ok_or("the window was opened without wgpu")?.clone();
        let gpu = device::shared_gpu(&window).map_err(|error| error.to_string())?;
        let live = LiveMode::new(&gpu);
        let scene = EguiTexture::new(&window, live.texture().clone());
        let wake = || {
            let context = context.egui_ctx.clone();
            move || context.request_repaint()
        };
        let no_thread = |error: std::io::Error| format!("no thread for work: {error}");
        let mut state = Self {
            window,
            pictures: Pictures::default(),
            models: Models::default(),
            live,
            scene,
            mode: Mode::Pictures,
            heat: false,
            opacity: 0.6,
            class: None,
            scroll_to_selected: false,
            notices: Notices::default(),
            lost: None,
            events: device::watch(gpu.device(), wake()),
            bars: vec![],
            open_queue: OpenQueue::default(),
            opener: Worker::start("open", wake()).map_err(no_thread)?,
            network: Worker::start("network", wake()).map_err(no_thread)?,
            dialogs: Worker::start("dialogs", wake()).map_err(no_thread)?,
            gpu,
        };
        state.load(args.model.clone());
        state.open(args.pictures.iter().cloned());
        Ok(state)
    }

    /// Returns whether no worker has a job and no network is being loaded.
    pub fn is_idle(&self) -> bool {
        let workers = self.opener.is_idle() && self.network.is_idle();
        workers && self.open_queue.is_idle() && self.models.is_idle()
    }

    /// Ends the threads, and abandons those that do not end in time. An open dialog is left alone.
    pub fn end(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        // All threads are stopped first, so that they end at the same time.
        self.opener.stop();
        self.network.stop();
        self.models.end(deadline);
        for (thread, ended) in [
            ("open", self.opener.join(deadline)),
            ("network", self.network.join(deadline)),
        ] {
            if !ended {
                eprintln!("resnet-desktop: the thread “{thread}” does not end and is abandoned");
            }
        }
    }

    /// Runs one frame: takes in results, performs actions and draws the window.
    pub fn frame(&mut self, ui: &mut Ui) {
        self.receive_results();
        if self.lost.is_some() {
            return;
        }
        let mut actions = vec![];
        self.input(ui.ctx(), &mut actions);
        self.continue_opening();
        if self.mode == Mode::Live && self.live_frame() {
            // The scene moves, so the next frame follows at once.
            ui.ctx().request_repaint();
        } else {
            self.live.pause();
            if let Some(id) = self.pictures.selected().map(|picture| picture.id) {
                self.request_full_picture(id);
            }
            if !self.models.is_idle() {
                ui.ctx().request_repaint_after(PROGRESS_INTERVAL);
            }
        }
        self.bars = view::show(ui, self, &mut actions);
        self.scroll_to_selected = false;
        for action in actions {
            self.perform(action, ui.ctx());
        }
    }

    /// Takes in the results of the workers.
    fn receive_results(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            match event {
                DeviceEvent::Failed(message) => self.notify(message),
                DeviceEvent::Lost(message) => self.lost = Some(message),
            }
        }
        while let Some(opened) = self.opener.take() {
            self.receive_opened(opened);
        }
        while let Some(result) = self.network.take() {
            self.receive_result(result);
        }
        while let Some(result) = self.dialogs.take() {
            match result {
                DialogResult::Pictures(paths) => self.open(paths),
                DialogResult::Model(path) => self.load(Some(path)),
                DialogResult::Nothing => {}
                DialogResult::Failed(failure) => self.notify(failure),
            }
        }
        match self.models.poll() {
            Ok(true) => self.model_changed(),
            Ok(false) => {}
            Err(error) => self.notify(error),
        }
    }

    /// Draws the scene and records the inference after it. Returns `false` if there are no
    /// pictures.
    fn live_frame(&mut self) -> bool {
        let all = self.pictures.all();
        let Some(pair) = self.live.visible_pair(all.len()) else {
            return false;
        };
        // The ids are looked up one after the other, because both may name the same picture.
        let ids = pair.pictures.map(|at| all[at].id);
        ids.into_iter().for_each(|id| self.request_full_picture(id));
        let was_idle = self.is_idle();
        let all = self.pictures.all();
        let textures = pair.pictures.map(|at| all[at].displayed().texture());
        let outcome = self.live.frame(&pair, textures);
        if !was_idle {
            self.live.exclude_last_frame();
        }
        if let Err(error) = outcome {
            self.live.stop();
            self.notify(error);
        }
        true
    }

    /// Shows a message until the user dismisses it.
    pub fn notify(&mut self, message: impl ToString) {
        self.notices.add(message);
    }
}
