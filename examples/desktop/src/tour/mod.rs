//! An automatic tour of the application, for its test and for the pictures in its README. The tour
//! presses keys and clicks as a user would, checks the effects, and writes screenshots and a
//! report.

mod live;
mod pictures;
mod scene;
mod simulated_user;

use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use eframe::egui::{Context, Key, Rect, ViewportCommand};
use serde_json::{Map, Value};

use crate::state::AppState;
use simulated_user::{SimulatedUser, screenshot};

/// The time limit of the tour. Software drivers on busy machines take a second for a frame.
const PATIENCE: Duration = Duration::from_secs(300);

/// The number of frames before a screenshot, so that animations have ended.
const SETTLING_FRAMES: usize = 4;

/// The state of the tour.
pub struct Tour {
    folder: PathBuf,
    /// The number of pictures and folders on the command line.
    requested: usize,
    stop: TourStop,
    began: Instant,
    /// The time at which this stop was reached.
    since: Instant,
    frames: usize,
    pub user: SimulatedUser,
    report: Map<String, Value>,
    /// The counts of waits and uploads at the start of the measurement of live mode.
    before: (u64, u64),
    shot: Option<Receiver<Result<(), String>>>,
}

/// The stops of the tour, each with the event that it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TourStop {
    /// All requested pictures are open and classified.
    Answers,
    /// The key for heat was pressed.
    Heat,
    /// The second bar was clicked.
    Another,
    /// A picture was dropped on the window, which had this number of pictures before.
    Dropped(usize),
    /// The key for live mode was pressed.
    Recorder,
    /// Frames with inference are measured, then frames without, and then inference is switched on
    /// again.
    With,
    Without,
    Again,
    /// The scene stands still. It stopped after this number of answers, and later answers show the
    /// visible picture.
    Still(usize),
    /// A screenshot is taken, and the tour then continues.
    Shot(&'static str, NextStop),
    End,
}

/// The stop after a screenshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NextStop {
    Heat,
    Another,
    End,
}

impl Tour {
    pub fn new(folder: PathBuf, requested: usize) -> Self {
        Self {
            folder,
            requested,
            stop: TourStop::Answers,
            began: Instant::now(),
            since: Instant::now(),
            frames: 0,
            user: SimulatedUser::default(),
            report: Map::new(),
            before: (0, 0),
            shot: None,
        }
    }

    /// Runs one frame of the tour, after the application's own frame.
    pub fn step(&mut self, state: &mut AppState, context: &Context) {
        context.request_repaint();
        self.frames += 1;
        if self.stop != TourStop::End {
            if self.began.elapsed() > PATIENCE {
                self.fail(format!("the tour did not finish {:?} in time", self.stop));
            } else if !state.notices.is_empty()
                && state.is_idle()
                && !self.report.contains_key("error")
            {
                let messages: Vec<String> = state.notices.all().collect();
                self.note("error", messages.join("; "));
                self.go_to(TourStop::Shot("notice", NextStop::End));
            }
        }
        match self.stop {
            TourStop::Answers => self.answers(state),
            TourStop::Heat => self.heat(state),
            TourStop::Another => self.another(state),
            TourStop::Dropped(before) => self.dropped(state, before),
            TourStop::Recorder => self.recorder(state),
            TourStop::With => self.with_inference(state),
            TourStop::Without => self.without_inference(state),
            TourStop::Again => self.inference_again(state),
            TourStop::Still(from) => self.still_scene(state, from),
            TourStop::Shot(name, next) => self.take_screenshot(name, next, state, context),
            TourStop::End => context.send_viewport_cmd(ViewportCommand::Close),
        }
    }

    fn take_screenshot(
        &mut self,
        name: &'static str,
        next: NextStop,
        state: &AppState,
        context: &Context,
    ) {
        let Some(shot) = &self.shot else {
            if self.frames > SETTLING_FRAMES {
                let path = self.folder.join(format!("{name}.png"));
                self.shot = Some(screenshot(context, path));
                let scale = context.pixels_per_point();
                let bars = state.bars.iter().map(|bar| corners(*bar, scale));
                let bars: Vec<Value> = bars.collect();
                self.report.insert(format!("{name}_bars"), bars.into());
            }
            return;
        };
        match shot.try_recv() {
            Ok(Ok(())) => {
                self.shot = None;
                self.continue_with(next, state);
            }
            Ok(Err(message)) => self.fail(message),
            // The screenshot is not ready. The time limit ends the tour if it never is.
            Err(_) => {}
        }
    }

    fn continue_with(&mut self, next: NextStop, state: &AppState) {
        match next {
            NextStop::Heat => {
                self.user.press(Key::H);
                self.go_to(TourStop::Heat);
            }
            NextStop::Another => match state.bars.get(1) {
                Some(bar) => {
                    self.user.click(bar.center());
                    self.go_to(TourStop::Another);
                }
                None => self.fail("expected a second bar to click, found none"),
            },
            NextStop::End => self.end(),
        }
    }

    /// Ends the tour and writes the reason into the report.
    fn fail(&mut self, message: impl ToString) {
        self.note("error", message.to_string());
        self.end();
    }

    fn note(&mut self, name: &str, value: impl Into<Value>) {
        self.report.insert(name.into(), value.into());
    }

    fn go_to(&mut self, stop: TourStop) {
        self.stop = stop;
        self.since = Instant::now();
        self.frames = 0;
    }

    fn end(&mut self) {
        let report = Value::Object(std::mem::take(&mut self.report));
        let path = self.folder.join("report.json");
        if let Err(error) = std::fs::write(&path, format!("{report:#}\n")) {
            eprintln!("resnet-desktop: {}: {error}", path.display());
        }
        self.go_to(TourStop::End);
    }
}

/// Returns the corners in pixels of the screenshot.
fn corners(rect: Rect, scale: f32) -> Value {
    let corners = [rect.left(), rect.top(), rect.right(), rect.bottom()];
    corners.map(|at| (at * scale).round()).to_vec().into()
}
