//! A tour through the application by itself: for its test, and for the pictures
//! in its README. It presses keys and clicks as somebody would, looks at what
//! comes of it, and leaves screenshots and a report.

mod hands;

use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use eframe::egui::{Context, Key, Rect, ViewportCommand};
use eframe::wgpu;
use serde_json::{Map, Value, json};

use crate::desk::{Desk, Mode};
use crate::frames::{Kind, Summary};
use crate::live::Setup;
use crate::pictures::Maps;
use hands::{Hands, screenshot};

/// It ends at the latest after this long: software drivers on machines that do
/// something else, too, take a second for a frame.
const PATIENCE: Duration = Duration::from_secs(300);

/// Frames that are measured of each kind, or as many as come in that time; and
/// how many there are at the least.
const FRAMES: usize = 300;
const MEASURING: Duration = Duration::from_secs(12);
const LEAST: usize = 20;

/// Answers that are waited for.
const ANSWERS: usize = 3;

/// Frames before a screenshot: whatever moves by itself is at rest.
const REST: usize = 4;

/// Where it goes, and what it has seen.
pub struct Tour {
    folder: PathBuf,
    /// Pictures and folders on the command line.
    asked: usize,
    stop: Stop,
    began: Instant,
    /// When this stop was reached, and frames since.
    since: Instant,
    passed: usize,
    pub hands: Hands,
    report: Map<String, Value>,
    /// Waits and uploads when live mode was measured from.
    before: (u64, u64),
    shot: Option<Receiver<Result<(), String>>>,
}

/// Where it is: what it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Everything that was asked for is open and classified.
    Answers,
    /// The key for heat was pressed.
    Heat,
    /// The second bar was clicked.
    Another,
    /// So many pictures were there when one was dropped on the window.
    Dropped(usize),
    /// The key for live mode was pressed.
    Recorder,
    /// Frames with inference are measured, and without, and are there again.
    With,
    Without,
    Again,
    /// A screenshot is taken, and the tour goes on from there.
    Shot(&'static str, Next),
    End,
}

/// Where it goes from a screenshot.
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

    /// One frame of it, after the application's own.
    pub fn step(&mut self, desk: &Desk, context: &Context) {
        context.request_repaint();
        self.passed += 1;
        if self.stop != Stop::End {
            if self.began.elapsed() > PATIENCE {
                self.note("error", format!("nothing came of {:?}", self.stop));
                self.end();
            } else if !desk.notices.is_empty() && !self.report.contains_key("error") {
                self.note("error", desk.notices.join("; "));
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
            Stop::Shot(name, next) => self.shoot(name, next, desk, context),
            Stop::End => context.send_viewport_cmd(ViewportCommand::Close),
        }
    }

    fn answers(&mut self, desk: &Desk) {
        let pictures = desk.pictures.all();
        let said = pictures.iter().all(|picture| picture.answer.is_some());
        if !desk.is_idle() || !said || (pictures.is_empty() && self.asked > 0) {
            return;
        }
        let software = desk.gpu.info().device_type == wgpu::DeviceType::Cpu;
        self.note("device", desk.gpu.describe());
        self.note("software", software);
        let Some(picture) = desk.pictures.selected() else {
            return self.go(Stop::Shot("empty", Next::End));
        };
        let top = picture.answer.iter().flat_map(|answer| &answer.top);
        let says = |best: &resnet_wgpu::Prediction| {
            let (class, label) = (best.class, &best.label);
            json!({"class": class, "label": label, "probability": best.probability})
        };
        self.note("top", top.map(says).collect::<Vec<Value>>());
        self.go(Stop::Shot("pictures", Next::Heat));
    }

    fn heat(&mut self, desk: &Desk) {
        let maps = desk.pictures.selected().map(|picture| &picture.maps);
        if let (true, Some(Maps::There(maps))) = (desk.heat, maps) {
            let classes: Vec<usize> = maps.iter().map(|heat| heat.class).collect();
            self.note("maps", classes);
            self.go(Stop::Shot("heat", Next::Another));
        }
    }

    fn another(&mut self, desk: &Desk) {
        if let (Some(class), Some(picture)) = (desk.class, desk.pictures.selected()) {
            self.note("clicked", class);
            self.hands.press(Key::H);
            self.hands.drop_file(&picture.path);
            self.go(Stop::Dropped(desk.pictures.all().len()));
        }
    }

    /// It is the last, looked at, and classified.
    fn dropped(&mut self, desk: &Desk, before: usize) {
        let Some(picture) = desk.pictures.selected() else {
            return;
        };
        let all = desk.pictures.all();
        let last = all.last().map(|last| last.id) == Some(picture.id);
        if let Some(answer) = &picture.answer
            && last
            && all.len() > before
        {
            self.note("dropped", answer.top.first().map(|best| best.class));
            self.hands.press(Key::L);
            self.go(Stop::Recorder);
        }
    }

    /// Until the recorder is there frames are without inference, and workers may
    /// wait for the device.
    fn recorder(&mut self, desk: &Desk) {
        if desk.mode == Mode::Live
            && desk.is_idle()
            && let Setup::There(recorder) = &desk.live.recorder
        {
            self.note("budget_ms", ms(desk.live.budget));
            self.note("gpu_ms", ms(recorder.gpu_time()));
            self.note("slices_said", recorder.slices(desk.live.budget));
            self.before = (desk.gpu.waits(), desk.gpu.uploaded_bytes());
            self.go(Stop::With);
        }
    }

    fn with(&mut self, desk: &Desk) {
        let answers = &desk.live.answers;
        let frames = desk.live.frames.summary(Kind::With);
        let (Some(frames), Some(run)) = (frames, answers.run) else {
            return;
        };
        if self.measured(frames) && answers.count >= ANSWERS {
            self.note("answers", answers.count);
            self.note("slices", run.slices);
            self.note("miscounted", answers.miscounted);
            self.note("answers_a_second", answers.rate());
            self.note("latency_ms", ms(answers.latency));
            self.note("with", summary(frames));
            self.hands.press(Key::I);
            self.go(Stop::Without);
        }
    }

    fn without(&mut self, desk: &Desk) {
        let frames = desk.live.frames.summary(Kind::Without);
        let frames = frames.filter(|frames| !desk.live.classify && self.measured(*frames));
        if let Some(frames) = frames {
            let (waits, uploaded) = self.before;
            self.note("without", summary(frames));
            self.note("waits", desk.gpu.waits() - waits);
            self.note("uploaded_bytes", desk.gpu.uploaded_bytes() - uploaded);
            self.hands.press(Key::I);
            self.go(Stop::Again);
        }
    }

    /// For a picture of both kinds of frames.
    fn again(&mut self, desk: &Desk) {
        if desk.live.classify && self.passed > LEAST {
            self.go(Stop::Shot("live", Next::End));
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
            Ok(Err(message)) => {
                self.note("error", message);
                self.end();
            }
            // Not there yet; patience ends it where it never comes.
            Err(_) => {}
        }
    }

    fn leave(&mut self, next: Next, desk: &Desk) {
        match next {
            Next::Heat => {
                self.hands.press(Key::H);
                self.go(Stop::Heat);
            }
            Next::Another => {
                if let Some(bar) = desk.bars.get(1) {
                    self.hands.click(bar.center());
                }
                self.go(Stop::Another);
            }
            Next::End => self.end(),
        }
    }

    fn measured(&self, frames: Summary) -> bool {
        let enough = frames.frames >= FRAMES || self.since.elapsed() > MEASURING;
        enough && frames.frames >= LEAST
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

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn summary(frames: Summary) -> Value {
    json!({
        "frames": frames.frames,
        "median_ms": ms(frames.median),
        "p99_ms": ms(frames.p99),
    })
}

/// In pixels of the screenshot.
fn corners(rect: Rect, scale: f32) -> Value {
    let corners = [rect.left(), rect.top(), rect.right(), rect.bottom()];
    corners.map(|at| (at * scale).round()).to_vec().into()
}
