//! A tour through the application by itself: for its test, and for the pictures
//! in its README. It presses keys and clicks as somebody would, looks at what
//! comes of it, and leaves screenshots and a report.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use eframe::egui::{
    Context, Event, Key, Modifiers, PointerButton, Pos2, Rect, ScreenshotCallback, ViewportCommand,
};
use serde_json::{Map, Value, json};

use crate::desk::{Desk, Mode};
use crate::frames::{Kind, Summary};
use crate::live::Setup;
use crate::pictures::Maps;

/// It ends at the latest after this long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Frames that are measured of each kind, or as many as come in that time; and
/// how many there are at the least.
const FRAMES: usize = 300;
const MEASURING: Duration = Duration::from_secs(12);
const LEAST: usize = 30;

/// Answers that are waited for.
const ANSWERS: usize = 10;

/// Frames before a screenshot: whatever moves by itself is at rest.
const REST: usize = 4;

/// Where it goes, and what it has seen.
pub struct Tour {
    folder: PathBuf,
    /// Pictures and folders on the command line.
    asked: usize,
    stop: Stop,
    /// What is to be pressed in the next frame.
    pub events: Vec<Event>,
    report: Map<String, Value>,
    began: Instant,
    /// When this stop was reached, and frames since.
    since: Instant,
    passed: usize,
    /// Waits and uploads when live mode was measured from.
    before: (u64, u64),
    shot: Option<Receiver<Result<(), String>>>,
}

/// Where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Answers,
    Heat,
    Another,
    Recorder,
    Without,
    With,
    Again,
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
            events: vec![],
            report: Map::new(),
            began: Instant::now(),
            since: Instant::now(),
            before: (0, 0),
            passed: 0,
            shot: None,
        }
    }

    /// One frame of it, after the application's own.
    pub fn step(&mut self, desk: &Desk, context: &Context) {
        context.request_repaint();
        self.passed += 1;
        if self.stop != Stop::End && self.began.elapsed() > PATIENCE {
            self.fail(format!("nothing came of {:?}", self.stop));
        }
        let told = self.report.contains_key("error");
        if self.stop != Stop::End && !told && !desk.notices.is_empty() {
            self.report
                .insert("error".into(), desk.notices.join("; ").into());
            self.go(Stop::Shot("notice", Next::End));
        }
        match self.stop {
            Stop::Answers => self.answers(desk),
            Stop::Heat => self.heat(desk),
            Stop::Another => self.another(desk),
            Stop::Recorder => self.recorder(desk),
            Stop::Without => self.without(desk),
            Stop::With => self.with(desk),
            Stop::Again => self.again(desk),
            Stop::Shot(name, next) => self.shoot(name, next, desk, context),
            Stop::End => context.send_viewport_cmd(ViewportCommand::Close),
        }
    }

    /// Everything that was asked for is open and classified.
    fn answers(&mut self, desk: &Desk) {
        let pictures = desk.pictures.all();
        let said = pictures.iter().all(|picture| picture.answer.is_some());
        if !desk.is_idle() || !said || (pictures.is_empty() && self.asked > 0) {
            return;
        }
        self.report
            .insert("device".into(), desk.gpu.describe().into());
        let Some(picture) = desk.pictures.selected() else {
            return self.go(Stop::Shot("empty", Next::End));
        };
        let top = picture.answer.iter().flat_map(|answer| &answer.top);
        let top: Vec<Value> = top
            .map(|best| json!({"class": best.class, "label": best.label, "probability": best.probability}))
            .collect();
        self.report
            .insert("picture".into(), picture.path.display().to_string().into());
        self.report.insert("top".into(), top.into());
        self.go(Stop::Shot("pictures", Next::Heat));
    }

    /// The key for heat was pressed; its map comes.
    fn heat(&mut self, desk: &Desk) {
        let maps = desk.pictures.selected().map(|picture| &picture.maps);
        if let (true, Some(Maps::There(maps))) = (desk.heat, maps) {
            let classes: Vec<usize> = maps.iter().map(|heat| heat.class).collect();
            self.report.insert("maps".into(), classes.into());
            self.go(Stop::Shot("heat", Next::Another));
        }
    }

    /// The second bar was clicked.
    fn another(&mut self, desk: &Desk) {
        if let Some(class) = desk.class {
            self.report.insert("clicked".into(), class.into());
            self.press(Key::H);
            self.press(Key::L);
            self.go(Stop::Recorder);
        }
    }

    /// The key for live mode was pressed; the recorder comes. Until then frames
    /// are without inference, and workers wait for the device.
    fn recorder(&mut self, desk: &Desk) {
        if desk.mode == Mode::Live
            && desk.is_idle()
            && let Setup::There(recorder) = &desk.live.recorder
        {
            let ms = |time: Duration| time.as_secs_f64() * 1e3;
            self.report
                .insert("budget_ms".into(), ms(desk.live.budget).into());
            self.report
                .insert("gpu_ms".into(), ms(recorder.gpu_time()).into());
            self.report.insert(
                "slices_said".into(),
                recorder.slices(desk.live.budget).into(),
            );
            self.before = (desk.gpu.waits(), desk.gpu.uploaded_bytes());
            self.go(Stop::With);
        }
    }

    /// Frames with inference, and answers.
    fn with(&mut self, desk: &Desk) {
        let answers = &desk.live.answers;
        let frames = desk.live.frames.summary(Kind::With);
        let (Some(frames), Some(run)) = (frames, answers.run) else {
            return;
        };
        if !self.measured(frames) || answers.count < ANSWERS {
            return;
        }
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let (waits, uploaded) = self.before;
        let live = json!({
            "answers": answers.count,
            "slices": run.slices,
            "miscounted": answers.miscounted,
            "rate": answers.rate(),
            "latency_ms": ms(answers.latency),
            "recording_ms": ms(desk.live.recording),
            "waits": desk.gpu.waits() - waits,
            "uploaded_bytes": desk.gpu.uploaded_bytes() - uploaded,
            "with": summary(frames),
        });
        self.report.insert("live".into(), live);
        self.press(Key::I);
        self.go(Stop::Without);
    }

    /// Frames without it, for comparison.
    fn without(&mut self, desk: &Desk) {
        let frames = desk.live.frames.summary(Kind::Without);
        let frames = frames.filter(|frames| !desk.live.classify && self.measured(*frames));
        if let Some(frames) = frames {
            let live = self.report.get_mut("live").and_then(Value::as_object_mut);
            if let Some(live) = live {
                live.insert("without".into(), summary(frames));
            }
            self.press(Key::I);
            self.go(Stop::Again);
        }
    }

    /// Inference is on again: a picture of both kinds of frames.
    fn again(&mut self, desk: &Desk) {
        if desk.live.classify && self.passed > LEAST {
            self.go(Stop::Shot("live", Next::End));
        }
    }

    /// Takes a screenshot once the pointer's and the theme's changes are drawn,
    /// and goes on when it is written.
    fn shoot(&mut self, name: &'static str, next: Next, desk: &Desk, context: &Context) {
        let Some(shot) = &self.shot else {
            if self.passed > REST {
                self.shot = Some(self.screenshot(name, context));
                let bars = desk
                    .bars
                    .iter()
                    .map(|bar| corners(*bar, context.pixels_per_point()));
                self.report
                    .insert(format!("{name}_bars"), bars.collect::<Vec<_>>().into());
            }
            return;
        };
        match shot.try_recv() {
            Ok(Ok(())) => {
                self.shot = None;
                self.leave(next, desk);
            }
            Ok(Err(message)) => self.fail(message),
            // Not there yet; patience ends it where it never comes.
            Err(_) => {}
        }
    }

    fn leave(&mut self, next: Next, desk: &Desk) {
        match next {
            Next::Heat => {
                self.press(Key::H);
                self.go(Stop::Heat);
            }
            Next::Another => {
                if let Some(bar) = desk.bars.get(1) {
                    self.click(bar.center());
                }
                self.go(Stop::Another);
            }
            Next::End => self.end(),
        }
    }

    fn screenshot(&self, name: &str, context: &Context) -> Receiver<Result<(), String>> {
        let (tell, told) = channel();
        let path = self.folder.join(format!("{name}.png"));
        let save = move |shot: std::sync::Arc<eframe::egui::ColorImage>| {
            let [width, height] = shot.size.map(|side| side as u32);
            let bytes = shot.pixels.iter().flat_map(|pixel| {
                let [r, g, b, _] = pixel.to_array();
                [r, g, b]
            });
            let picture = image::RgbImage::from_raw(width, height, bytes.collect());
            let saved = match picture {
                Some(picture) => picture
                    .save(&path)
                    .map_err(|e| format!("{}: {e}", path.display())),
                None => Err("a screenshot of no size".into()),
            };
            // Nobody listens after the end.
            let _ = tell.send(saved);
        };
        context.send_viewport_cmd(ViewportCommand::Screenshot(ScreenshotCallback::new(save)));
        told
    }

    fn measured(&self, frames: Summary) -> bool {
        let enough = frames.frames >= FRAMES || self.since.elapsed() > MEASURING;
        enough && frames.frames >= LEAST
    }

    fn go(&mut self, stop: Stop) {
        (self.stop, self.since, self.passed) = (stop, Instant::now(), 0);
    }

    fn press(&mut self, key: Key) {
        self.events.extend([true, false].map(|pressed| Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        }));
    }

    fn click(&mut self, at: Pos2) {
        self.events.push(Event::PointerMoved(at));
        self.events
            .extend([true, false].map(|pressed| Event::PointerButton {
                pos: at,
                button: PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            }));
    }

    fn fail(&mut self, message: String) {
        self.report.insert("error".into(), message.into());
        self.end();
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

fn summary(frames: Summary) -> Value {
    json!({
        "frames": frames.frames,
        "median_ms": frames.median.as_secs_f64() * 1e3,
        "p99_ms": frames.p99.as_secs_f64() * 1e3,
    })
}

/// In pixels of the screenshot.
fn corners(rect: Rect, scale: f32) -> Value {
    let corners = [rect.left(), rect.top(), rect.right(), rect.bottom()];
    corners.map(|at| (at * scale).round()).to_vec().into()
}
