//! The state of the window, and the work of a frame.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use eframe::egui::{Rect, Ui};
use eframe::egui_wgpu::RenderState;
use resnet_wgpu::Gpu;

use crate::args::Args;
use crate::device::{self, Told};
use crate::dialogs::Chosen;
use crate::files::Opened;
use crate::live::Live;
use crate::model::Models;
use crate::notices::Notices;
use crate::opening::Opening;
use crate::pictures::Pictures;
use crate::texture::Shown;
use crate::view;
use crate::work::Found;
use crate::worker::Worker;

/// The time between two looks at a network's progress.
const GLANCE: Duration = Duration::from_millis(50);

/// The time that threads have to end.
const PATIENCE: Duration = Duration::from_secs(3);

/// The state of the window.
pub struct Desk {
    pub gpu: Gpu,
    pub window: RenderState,
    pub pictures: Pictures,
    pub models: Models,
    pub live: Live,
    /// The texture of the live scene, for egui.
    pub scene: Shown,
    pub mode: Mode,
    pub heat: bool,
    /// The opacity of the heat, from 0 to 1.
    pub opacity: f32,
    /// The class whose heat is shown. If it is not among the picture's classes, the likeliest class
    /// is shown.
    pub class: Option<usize>,
    /// Scrolls the list to the selected picture in the next frame.
    pub reveal: bool,
    /// The errors that were not dismissed.
    pub notices: Notices,
    /// The reason for the loss of the device, after which nothing can be drawn.
    pub lost: Option<String>,
    told: Receiver<Told>,
    /// The positions of the bars, for the tour's report.
    pub bars: Vec<Rect>,
    pub opening: Opening,
    pub opener: Worker<Opened>,
    pub network: Worker<Found>,
    pub dialogs: Worker<Chosen>,
}

/// The contents of the middle of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Pictures,
    Live,
}

impl Desk {
    pub fn new(context: &eframe::CreationContext<'_>, args: &Args) -> Result<Self, String> {
        let window = context.wgpu_render_state.as_ref();
        let window = window.ok_or("the window was opened without wgpu")?.clone();
        let gpu = device::shared(&window).map_err(|error| error.to_string())?;
        let live = Live::new(&gpu);
        let scene = Shown::new(&window, live.texture().clone());
        let wake = || {
            let context = context.egui_ctx.clone();
            move || context.request_repaint()
        };
        let threads = |error: std::io::Error| format!("no thread for work: {error}");
        let mut desk = Self {
            window,
            pictures: Pictures::default(),
            models: Models::default(),
            live,
            scene,
            mode: Mode::Pictures,
            heat: false,
            opacity: 0.6,
            class: None,
            reveal: false,
            notices: Notices::default(),
            lost: None,
            told: device::watch(gpu.device(), wake()),
            bars: vec![],
            opening: Opening::default(),
            opener: Worker::start("open", wake()).map_err(threads)?,
            network: Worker::start("network", wake()).map_err(threads)?,
            dialogs: Worker::start("dialogs", wake()).map_err(threads)?,
            gpu,
        };
        desk.load(args.model.clone());
        desk.open(args.pictures.iter().cloned());
        Ok(desk)
    }

    /// Returns whether no worker has a job and no network is being loaded.
    pub fn is_idle(&self) -> bool {
        let workers = self.opener.is_idle() && self.network.is_idle();
        workers && self.opening.is_idle() && self.models.is_idle()
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

    /// Runs one frame: takes in results, fulfils wishes and draws the window.
    pub fn frame(&mut self, ui: &mut Ui) {
        self.look();
        if self.lost.is_some() {
            return;
        }
        let mut wishes = vec![];
        self.input(ui.ctx(), &mut wishes);
        self.go_on_opening();
        if self.mode == Mode::Live && self.live_frame() {
            // The scene moves, so the next frame follows at once.
            ui.ctx().request_repaint();
        } else {
            self.live.rest();
            if let Some(id) = self.pictures.selected().map(|picture| picture.id) {
                self.ask_for_whole(id);
            }
            if !self.models.is_idle() {
                ui.ctx().request_repaint_after(GLANCE);
            }
        }
        self.bars = view::show(ui, self, &mut wishes);
        self.reveal = false;
        for wish in wishes {
            self.fulfil(wish, ui.ctx());
        }
    }

    /// Takes in the results of the workers.
    fn look(&mut self) {
        while let Ok(told) = self.told.try_recv() {
            match told {
                Told::Failed(message) => self.tell(message),
                Told::Lost(message) => self.lost = Some(message),
            }
        }
        while let Some(opened) = self.opener.take() {
            self.opened(opened);
        }
        while let Some(found) = self.network.take() {
            self.found(found);
        }
        while let Some(chosen) = self.dialogs.take() {
            match chosen {
                Chosen::Pictures(paths) => self.open(paths),
                Chosen::Model(path) => self.load(Some(path)),
                Chosen::Nothing => {}
                Chosen::Failed(failure) => self.tell(failure),
            }
        }
        match self.models.look() {
            Ok(true) => self.model_changed(),
            Ok(false) => {}
            Err(error) => self.tell(error),
        }
    }

    /// Draws the scene and records the inference after it. Returns `false` if there are no
    /// pictures.
    fn live_frame(&mut self) -> bool {
        let all = self.pictures.all();
        let Some(pair) = self.live.pair(all.len()) else {
            return false;
        };
        // The ids are looked up one after the other, because both may name the same picture.
        let ids = pair.pictures.map(|at| all[at].id);
        ids.into_iter().for_each(|id| self.ask_for_whole(id));
        let quiet = self.is_idle();
        let all = self.pictures.all();
        let textures = pair.pictures.map(|at| all[at].shown().texture());
        if let Err(error) = self.live.frame(&pair, textures, quiet) {
            self.live.stop();
            self.tell(error);
        }
        true
    }

    /// Shows a message until the user dismisses it.
    pub fn tell(&mut self, message: impl ToString) {
        self.notices.tell(message);
    }
}
