//! Everything that a window shows, and what becomes of a wish.

use std::time::Duration;

use eframe::egui::{Context, Key, Modifiers, Rect, Ui};
use eframe::egui_wgpu::RenderState;
use resnet_wgpu::Gpu;

use crate::args::Args;
use crate::device;
use crate::dialogs::Chosen;
use crate::live::Live;
use crate::model::Models;
use crate::pictures::{Opened, Pictures};
use crate::texture::Shown;
use crate::view;
use crate::work::Found;
use crate::worker::{Gone, Worker};

/// How often a network's progress is looked at.
const GLANCE: Duration = Duration::from_millis(50);

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
    /// What went wrong and was not dismissed.
    pub notices: Vec<String>,
    /// Where bars were drawn, for the tour's report.
    pub bars: Vec<Rect>,
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

/// What somebody wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// A dialog for pictures, or for a checkpoint.
    OpenPictures,
    OpenModel,
    Embedded,
    CancelLoading,
    Select(u64),
    Step(isize),
    Remove(u64),
    Show(Mode),
    Heat(bool),
    Opacity(f32),
    Class(usize),
    Classify(bool),
    Budget(Duration),
    Dismiss(usize),
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
            gpu,
            window,
            pictures: Pictures::default(),
            models: Models::default(),
            live,
            scene,
            mode: Mode::Pictures,
            heat: false,
            opacity: 0.6,
            class: None,
            notices: vec![],
            bars: vec![],
            opener: Worker::start("open", wake()).map_err(threads)?,
            network: Worker::start("network", wake()).map_err(threads)?,
            dialogs: Worker::start("dialogs", wake()).map_err(threads)?,
        };
        desk.load(args.model.clone());
        desk.open(args.pictures.iter().cloned());
        Ok(desk)
    }

    /// Whether no worker has anything to do, and no network is on its way.
    pub fn is_idle(&self) -> bool {
        self.opener.is_idle() && self.network.is_idle() && self.models.coming.is_none()
    }

    /// Ends the threads. A dialog that is open is left to itself.
    pub fn end(&mut self) {
        self.models.coming = None;
        self.opener.end();
        self.network.end();
    }

    /// One frame: what has come, what was wished for, what is seen.
    pub fn frame(&mut self, ui: &mut Ui) {
        self.look();
        let mut wishes = vec![];
        self.input(ui.ctx(), &mut wishes);
        if self.mode == Mode::Live && !self.pictures.all().is_empty() {
            self.live_frame();
            // The scene moves: a frame follows the other.
            ui.ctx().request_repaint();
        } else {
            self.live.rest();
            if self.models.coming.is_some() {
                ui.ctx().request_repaint_after(GLANCE);
            }
        }
        self.bars = view::show(ui, self, &mut wishes);
        for wish in wishes {
            self.fulfil(wish, ui.ctx());
        }
    }

    /// Takes in what workers have done.
    fn look(&mut self) {
        loop {
            match self.opener.take() {
                Ok(Some(opened)) => self.opened(opened),
                Ok(None) => break,
                Err(Gone) => self.tell("the thread that opens pictures ended; start again"),
            }
        }
        loop {
            match self.network.take() {
                Ok(Some(found)) => self.found(found),
                Ok(None) => break,
                Err(Gone) => self.tell("the thread that runs the network ended; start again"),
            }
        }
        // A dialog that was not answered goes with its thread.
        while let Ok(Some(chosen)) = self.dialogs.take() {
            match chosen {
                Chosen::Pictures(paths) => self.open(paths),
                Chosen::Model(path) => self.load(Some(path)),
                Chosen::Nothing => {}
            }
        }
        match self.models.look(&self.gpu) {
            Ok(true) => self.model_changed(),
            Ok(false) => {}
            Err(error) => self.tell(error),
        }
    }

    /// Files that were dropped, and keys.
    fn input(&mut self, context: &Context, wishes: &mut Vec<Wish>) {
        let dropped = context.input(|input| input.raw.dropped_files.clone());
        let paths = dropped.iter().map(|file| file.path().to_owned());
        let (models, pictures): (Vec<_>, Vec<_>) =
            paths.partition(|path| path.extension().is_some_and(|e| e == "safetensors"));
        self.open(pictures);
        if let Some(path) = models.into_iter().next_back() {
            self.load(Some(path));
        }
        let heat = !self.heat;
        let mode = match self.mode {
            Mode::Pictures => Mode::Live,
            Mode::Live => Mode::Pictures,
        };
        let keys = [
            (Key::ArrowUp, Wish::Step(-1)),
            (Key::ArrowLeft, Wish::Step(-1)),
            (Key::ArrowDown, Wish::Step(1)),
            (Key::ArrowRight, Wish::Step(1)),
            (Key::H, Wish::Heat(heat)),
            (Key::L, Wish::Show(mode)),
            (Key::I, Wish::Classify(!self.live.classify)),
            (Key::O, Wish::OpenPictures),
        ];
        // A slider that has the keyboard keeps it.
        if context.memory(|memory| memory.focused()).is_none() {
            context.input_mut(|input| {
                let pressed = keys
                    .into_iter()
                    .filter(|(key, _)| input.consume_key(Modifiers::NONE, *key));
                wishes.extend(pressed.map(|(_, wish)| wish));
            });
        }
    }

    fn live_frame(&mut self) {
        let textures: Vec<_> = self
            .pictures
            .all()
            .iter()
            .map(|p| p.shown.texture().clone())
            .collect();
        if let Err(error) = self.live.frame(&textures) {
            self.live.stop();
            self.tell(error);
        }
    }

    fn fulfil(&mut self, wish: Wish, context: &Context) {
        match wish {
            Wish::OpenPictures => self.ask(false),
            Wish::OpenModel => self.ask(true),
            Wish::Embedded => self.load(None),
            Wish::CancelLoading => {
                if let Some(coming) = &self.models.coming {
                    coming.cancel();
                }
            }
            Wish::Select(id) => self.pictures.select(id),
            Wish::Step(by) => self.pictures.step(by),
            Wish::Remove(id) => self.pictures.remove(id),
            Wish::Show(mode) => self.mode = mode,
            Wish::Heat(heat) => self.heat = heat,
            Wish::Opacity(opacity) => self.opacity = opacity,
            Wish::Class(class) => (self.class, self.heat) = (Some(class), true),
            Wish::Classify(classify) => self.live.set_classify(classify),
            Wish::Budget(budget) => self.live.set_budget(budget),
            Wish::Dismiss(at) if at < self.notices.len() => drop(self.notices.remove(at)),
            Wish::Dismiss(_) => {}
        }
        self.ask_for_heat();
        self.ask_for_recorder();
        context.request_repaint();
    }

    /// Shows a message until it is dismissed.
    pub fn tell(&mut self, message: impl ToString) {
        self.notices.push(message.to_string());
    }
}
