//! Everything that a window shows, and what a frame does.

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

/// How often a network's progress is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// How long threads have to end.
const PATIENCE: Duration = Duration::from_secs(3);

/// Everything that a window shows.
pub struct Desk {
    pub gpu: Gpu,
    pub window: RenderState,
    pub pictures: Pictures,
    pub models: Models,
    pub live: Live,
    /// The live scene, for egui.
    pub scene: Shown,
    pub mode: Mode,
    pub heat: bool,
    /// How much of the heat is seen.
    pub opacity: f32,
    /// The class whose heat is seen; the likeliest, where it is none of the
    /// picture's.
    pub class: Option<usize>,
    /// The selected picture is to be in sight, in the next frame.
    pub reveal: bool,
    /// What went wrong and was not dismissed.
    pub notices: Notices,
    /// Why the device is gone: nothing can be drawn any more.
    pub lost: Option<String>,
    told: Receiver<Told>,
    /// Where bars were drawn, for the tour's report.
    pub bars: Vec<Rect>,
    pub opening: Opening,
    pub opener: Worker<Opened>,
    pub network: Worker<Found>,
    pub dialogs: Worker<Chosen>,
}

/// What the middle shows.
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

    /// Whether no worker has anything to do, and no network is on its way.
    pub fn is_idle(&self) -> bool {
        let workers = self.opener.is_idle() && self.network.is_idle();
        workers && self.opening.is_idle() && self.models.is_idle()
    }

    /// Ends the threads, or lets go those that do not end. A dialog that is open
    /// is left to itself.
    pub fn end(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        // All at once, and then one after the other.
        self.opener.stop();
        self.network.stop();
        self.models.end(deadline);
        for (thread, ended) in [
            ("open", self.opener.join(deadline)),
            ("network", self.network.join(deadline)),
        ] {
            if !ended {
                eprintln!("resnet-desktop: the thread “{thread}” does not end; it is let go");
            }
        }
    }

    /// One frame: what has come, what was wished for, what is seen.
    pub fn frame(&mut self, ui: &mut Ui) {
        self.look();
        if self.lost.is_some() {
            return;
        }
        let mut wishes = vec![];
        self.input(ui.ctx(), &mut wishes);
        self.go_on_opening();
        if self.mode == Mode::Live && self.live_frame() {
            // The scene moves: a frame follows the other.
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

    /// Takes in what workers have done.
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

    /// Draws the scene and records what follows it. Without pictures, `false`.
    fn live_frame(&mut self) -> bool {
        let all = self.pictures.all();
        let Some(pair) = self.live.pair(all.len()) else {
            return false;
        };
        // In order: the first one's neighbour may be itself.
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

    /// Shows a message until it is dismissed.
    pub fn tell(&mut self, message: impl ToString) {
        self.notices.tell(message);
    }
}
