//! The tour of live mode: frames with inference and without, and an answer to compare with the
//! library's.

use std::time::Duration;

use eframe::egui::Key;
use serde_json::{Value, json};

use super::{Next, Stop, Tour, scene};
use crate::desk::{Desk, Mode};
use crate::frames::{Kind, Summary};
use crate::live::Setup;

/// The number of frames to measure of each kind, the time limit for them, and the least number.
const FRAMES: usize = 300;
const MEASURING: Duration = Duration::from_secs(12);
const LEAST: usize = 20;

/// The number of answers to wait for.
const ANSWERS: usize = 3;

/// The divisor of the network's GPU time that gives a frame's budget, so that an answer takes
/// several frames.
const PARTS: u32 = 4;

/// The time in seconds at which the scene stands still. The first picture is then visible alone.
const STILL: f64 = 2.0;

/// The most answers that may have begun before: three pending and one partly recorded.
const UNDERWAY: usize = 4;

impl Tour {
    /// Waits for the recorder. Until it is ready, frames have no inference, and workers may wait
    /// for the device.
    pub(super) fn recorder(&mut self, desk: &mut Desk) {
        if desk.mode == Mode::Live
            && desk.is_idle()
            && let Setup::There(recorder) = &desk.live.recorder
        {
            let budget = recorder.gpu_time() / PARTS;
            self.note("budget_ms", ms(budget));
            self.note("gpu_ms", ms(recorder.gpu_time()));
            self.note("slices_said", recorder.slices(budget));
            desk.live.set_budget(budget);
            self.before = (desk.gpu.waits(), desk.gpu.uploaded_bytes());
            self.go(Stop::With);
        }
    }

    pub(super) fn with(&mut self, desk: &Desk) {
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

    pub(super) fn without(&mut self, desk: &Desk) {
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

    /// Stops the scene once frames of both kinds are visible in the plot.
    pub(super) fn again(&mut self, desk: &mut Desk) {
        if desk.live.classify && self.passed > LEAST {
            desk.live.stand_still(STILL);
            self.go(Stop::Still(desk.live.answers.count));
        }
    }

    /// Writes the scene into a file and its answer into the report.
    pub(super) fn still(&mut self, desk: &Desk, from: usize) {
        let answers = &desk.live.answers;
        let Some(best) = answers
            .top
            .first()
            .filter(|_| answers.count > from + UNDERWAY)
        else {
            return;
        };
        let (label, probability) = (&best.label, best.probability);
        let said = json!({"label": label, "probability": probability});
        self.note("live_top", said);
        let path = self.folder.join("scene.png");
        match scene::save(&desk.gpu, desk.live.texture(), &path) {
            Ok(()) => self.go(Stop::Shot("live", Next::End)),
            Err(message) => self.fail(message),
        }
    }

    fn measured(&self, frames: Summary) -> bool {
        let enough = frames.frames >= FRAMES || self.since.elapsed() > MEASURING;
        enough && frames.frames >= LEAST
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
