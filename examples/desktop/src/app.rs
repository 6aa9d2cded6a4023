//! The application: what there is, and what becomes of a wish.

use std::path::PathBuf;
use std::time::Duration;

use eframe::egui::{self, Context, Key, Modifiers, Rect};
use eframe::egui_wgpu::RenderState;
use resnet_wgpu::classify::Recorder;
use resnet_wgpu::{Error, Gpu, Prediction};

use crate::args::Args;
use crate::live::{Live, Setup};
use crate::model::Models;
use crate::pictures::{Answered, Heat, Maps, Opened, Pictures, open};
use crate::texture::{Shown, upload};
use crate::tour::Tour;
use crate::view;
use crate::worker::{Gone, Worker};
use crate::{device, heat};

/// How often a network's progress is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// The application, or why there is none.
pub enum App {
    Open(Box<Desk>, Option<Box<Tour>>),
    /// No device that does: in words.
    Closed(String),
}

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
    opener: Worker<Opened>,
    network: Worker<Found>,
    dialogs: Worker<Chosen>,
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

/// What the network's worker found, and of which model and picture.
enum Found {
    Answer(u64, u64, Result<(Vec<Prediction>, Duration), Error>),
    Maps(u64, u64, Result<Vec<(usize, eframe::wgpu::Texture)>, Error>),
    Recorder(u64, Result<Recorder, Error>),
}

/// What somebody chose in a dialog.
enum Chosen {
    Pictures(Vec<PathBuf>),
    Model(PathBuf),
    Nothing,
}

impl App {
    pub fn new(context: &eframe::CreationContext<'_>, args: Args) -> Self {
        view::theme::apply(&context.egui_ctx, args.theme);
        match Desk::new(context, &args) {
            Ok(desk) => {
                let tour = args
                    .tour
                    .map(|folder| Box::new(Tour::new(folder, args.pictures.len())));
                Self::Open(Box::new(desk), tour)
            }
            Err(message) => Self::Closed(message),
        }
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        match self {
            Self::Open(desk, tour) => {
                desk.frame(ui);
                if let Some(tour) = tour {
                    tour.step(desk, ui.ctx());
                }
            }
            Self::Closed(message) => view::closed(ui, message),
        }
    }

    /// A tour presses keys and clicks as somebody would.
    fn raw_input_hook(&mut self, _: &Context, input: &mut egui::RawInput) {
        if let Self::Open(_, Some(tour)) = self {
            input.events.append(&mut tour.events);
        }
    }
}

impl Desk {
    fn new(context: &eframe::CreationContext<'_>, args: &Args) -> Result<Self, String> {
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

    /// One frame: what has come, what was wished for, what is seen.
    fn frame(&mut self, ui: &mut egui::Ui) {
        self.look();
        let mut wishes = vec![];
        self.input(ui.ctx(), &mut wishes);
        if self.mode == Mode::Live {
            self.live_frame();
            // The scene moves: a frame follows the other.
            ui.ctx().request_repaint();
        } else if self.models.coming.is_some() {
            ui.ctx().request_repaint_after(GLANCE);
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
    fn tell(&mut self, message: impl ToString) {
        self.notices.push(message.to_string());
    }

    /// Opens pictures and folders; the first of them will be looked at.
    fn open(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
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

    fn opened(&mut self, opened: Opened) {
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

    fn load(&mut self, file: Option<PathBuf>) {
        if let Err(error) = self.models.load(&self.gpu, file) {
            self.tell(error);
        }
    }

    /// All is to be said again by the new network.
    fn model_changed(&mut self) {
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
    fn ask_for_heat(&mut self) {
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
                    let paint = |e: &resnet_wgpu::explain::Explained| {
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
    fn ask_for_recorder(&mut self) {
        if self.mode == Mode::Live
            && matches!(self.live.recorder, Setup::None)
            && let Some(model) = &self.models.loaded
        {
            self.live.recorder = Setup::Coming;
            let (network, of) = (model.network.clone(), model.id);
            let _ = self
                .network
                .run(move || Found::Recorder(of, network.recorder()));
        }
    }

    /// Takes in what a network said, unless there is another by now.
    fn found(&mut self, found: Found) {
        let now = self.models.loaded.as_ref().map(|model| model.id);
        match found {
            Found::Answer(of, _, _) | Found::Maps(of, _, _) | Found::Recorder(of, _)
                if Some(of) != now => {}
            Found::Answer(_, id, Ok((top, took))) => {
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
            Found::Recorder(_, Ok(recorder)) => {
                self.live.recorder = Setup::There(Box::new(recorder))
            }
            Found::Recorder(_, Err(error)) => {
                self.live.recorder = Setup::Failed;
                self.tell(error);
            }
            Found::Answer(_, _, Err(error)) => self.tell(error),
        }
    }

    /// Opens a dialog, unless one is open. It has to be made by the thread that
    /// draws (macOS insists), and is awaited by another.
    fn ask(&mut self, model: bool) {
        if !self.dialogs.is_idle() {
            return;
        }
        let dialog = rfd::AsyncFileDialog::new();
        let _ = match model {
            true => {
                let dialog = dialog.set_title("Open a checkpoint");
                let file = dialog
                    .add_filter("safetensors", &["safetensors"])
                    .pick_file();
                self.dialogs.run(move || match pollster::block_on(file) {
                    Some(file) => Chosen::Model(file.path().to_owned()),
                    None => Chosen::Nothing,
                })
            }
            false => {
                let dialog = dialog.set_title("Open pictures");
                let files = dialog
                    .add_filter("Pictures", &crate::pictures::ENDINGS)
                    .pick_files();
                self.dialogs.run(move || match pollster::block_on(files) {
                    Some(files) => {
                        Chosen::Pictures(files.iter().map(|file| file.path().to_owned()).collect())
                    }
                    None => Chosen::Nothing,
                })
            }
        };
    }
}
