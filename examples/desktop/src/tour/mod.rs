//! An automatic tour of the application, for its test and for the pictures in its README. The tour
//! presses keys and clicks as a user would, checks the effects, and writes screenshots and a
//! report.

mod hands;
mod live;
mod pictures;
mod scene;

use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use eframe::egui::{Context, Key, Rect, ViewportCommand};
use serde_json::{Map, Value};

use crate::desk::Desk;
use hands::{Hands, screenshot};

/// The time limit of the tour. Software drivers on busy machines take a second for a frame.
const PATIENCE: Duration = Duration::from_secs(300);

/// The number of frames before a screenshot, so that animations have ended.
const REST: usize = 4;

/// The state of the tour.
pub struct Tour {
    folder: PathBuf,
    /// The number of pictures and folders on the command line.
    asked: usize,
    stop: Stop,
    began: Instant,
    /// The time at which this stop was reached.
    since: Instant,
    passed: usize,
    pub hands: Hands,
    report: Map<String, Value>,
    /// The counts of waits and uploads at the start of the measurement of live mode.
    before: (u64, u64),
    shot: Option<Receiver<Result<(), String>>>,
}

/// The stops of the tour, each with the event that it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
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
    Shot(&'static str, Next),
    End,
}

/// The stop after a screenshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Heat,
    Another,
    End,
}

impl Tour {
    pub fn new(folder: PathBuf, asked: usize) -> Self {
        Self {
            folder,
            asked,
            stop: Stop::Answers,
            began: Instant::now(),
            since: Instant::now(),
            passed: 0,
            hands: Hands::default(),
            report: Map::new(),
            before: (0, 0),
            shot: None,
        }
    }

    /// Runs one frame of the tour, after the application's own frame.
    pub fn step(&mut self, desk: &mut Desk, context: &Context) {
        context.request_repaint();
        self.passed += 1;
        if self.stop != Stop::End {
            if self.began.elapsed() > PATIENCE {
                self.fail(format!("the tour did not finish {:?} in time", self.stop));
            } else if !desk.notices.is_empty()
                && desk.is_idle()
                && !self.report.contains_key("error")
            {
                let told: Vec<String> = desk.notices.all().collect();
                self.note("error", told.join("; "));
                self.go(Stop::Shot("notice", Next::End));
            }
        }
        match self.stop {
            Stop::Answers => self.answers(desk),
            Stop::Heat => self.heat(desk),
            Stop::Another => self.another(desk),
            Stop::Dropped(before) => self.dropped(desk, before),
            Stop::Recorder => self.recorder(desk),
            Stop::With => self.with(desk),
            Stop::Without => self.without(desk),
            Stop::Again => self.again(desk),
            Stop::Still(from) => self.still(desk, from),
            Stop::Shot(name, next) => self.shoot(name, next, desk, context),
            Stop::End => context.send_viewport_cmd(ViewportCommand::Close),
        }
    }

    fn shoot(&mut self, name: &'static str, next: Next, desk: &Desk, context: &Context) {
        let Some(shot) = &self.shot else {
            if self.passed > REST {
                let path = self.folder.join(format!("{name}.png"));
                self.shot = Some(screenshot(context, path));
                let scale = context.pixels_per_point();
                let bars = desk.bars.iter().map(|bar| corners(*bar, scale));
                let bars: Vec<Value> = bars.collect();
                self.report.insert(format!("{name}_bars"), bars.into());
            }
            return;
        };
        match shot.try_recv() {
            Ok(Ok(())) => {
                self.shot = None;
                self.leave(next, desk);
            }
            Ok(Err(message)) => self.fail(message),
            // The screenshot is not ready. The time limit ends the tour if it never is.
            Err(_) => {}
        }
    }

    fn leave(&mut self, next: Next, desk: &Desk) {
        match next {
            Next::Heat => {
                self.hands.press(Key::H);
                self.go(Stop::Heat);
            }
            Next::Another => match desk.bars.get(1) {
                Some(bar) => {
                    self.hands.click(bar.center());
                    self.go(Stop::Another);
                }
                None => self.fail("expected a second bar to click, found none"),
            },
            Next::End => self.end(),
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

    fn go(&mut self, stop: Stop) {
        (self.stop, self.since, self.passed) = (stop, Instant::now(), 0);
    }

    fn end(&mut self) {
        let report = Value::Object(std::mem::take(&mut self.report));
        let path = self.folder.join("report.json");
        if let Err(error) = std::fs::write(&path, format!("{report:#}\n")) {
            eprintln!("resnet-desktop: {}: {error}", path.display());
        }
        self.go(Stop::End);
    }
}

/// Returns the corners in pixels of the screenshot.
fn corners(rect: Rect, scale: f32) -> Value {
    let corners = [rect.left(), rect.top(), rect.right(), rect.bottom()];
    corners.map(|at| (at * scale).round()).to_vec().into()
}
