//! The tour of live mode: frames with inference and without, and an answer to compare with the
//! library's.

use std::time::Duration;

use eframe::egui::Key;
use serde_json::{Value, json};

use super::{NextStop, Tour, TourStop, scene};
use crate::frames::{FrameKind, Summary};
use crate::live::RecorderState;
use crate::state::{AppState, Mode};

/// The number of frames to measure of each kind, the time limit for them, and the least number.
const FRAMES: usize = 300;
const MEASURING: Duration = Duration::from_secs(12);
const MIN_FRAMES: usize = 20;

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
    pub(super) fn recorder(&mut self, state: &mut AppState) {
        if state.mode == Mode::Live
            && state.is_idle()
            && let RecorderState::Ready(recorder) = &state.live.recorder
        {
            let budget = recorder.gpu_time() / PARTS;
            self.note("budget_ms", ms(budget));
            self.note("gpu_ms", ms(recorder.gpu_time()));
            self.note("slices_said", recorder.slices(budget));
            state.live.set_budget(budget);
            self.before = (state.gpu.waits(), state.gpu.uploaded_bytes());
            self.go_to(TourStop::With);
        }
    }

    pub(super) fn with_inference(&mut self, state: &AppState) {
        let answers = &state.live.answers;
        let frames = state.live.frames.summary(FrameKind::With);
        let (Some(frames), Some(run)) = (frames, answers.run) else {
            return;
        };
        if self.is_measured(frames) && answers.count >= ANSWERS {
            self.note("answers", answers.count);
            self.note("slices", run.slices);
            self.note("miscounted", answers.miscounted);
            self.note("answers_a_second", answers.rate());
            self.note("latency_ms", ms(answers.latency));
            self.note("with", summary(frames));
            self.user.press(Key::I);
            self.go_to(TourStop::Without);
        }
    }

    pub(super) fn without_inference(&mut self, state: &AppState) {
        let frames = state.live.frames.summary(FrameKind::Without);
        let frames = frames.filter(|frames| !state.live.classify && self.is_measured(*frames));
        if let Some(frames) = frames {
            let (waits, uploaded) = self.before;
            self.note("without", summary(frames));
            self.note("waits", state.gpu.waits() - waits);
            self.note("uploaded_bytes", state.gpu.uploaded_bytes() - uploaded);
            self.user.press(Key::I);
            self.go_to(TourStop::Again);
        }
    }

    /// Stops the scene once frames of both kinds are visible in the plot.
    pub(super) fn inference_again(&mut self, state: &mut AppState) {
        if state.live.classify && self.frames > MIN_FRAMES {
            state.live.freeze(STILL);
            self.go_to(TourStop::Still(state.live.answers.count));
        }
    }

    /// Writes the scene into a file and its answer into the report.
    pub(super) fn still_scene(&mut self, state: &AppState, from: usize) {
        let answers = &state.live.answers;
        let Some(best) = answers
            .top
            .first()
            .filter(|_| answers.count > from + UNDERWAY)
        else {
            return;
        };
        let answer = json!({"label": best.label, "probability": best.probability});
        self.note("live_top", answer);
        let path = self.folder.join("scene.png");
        match scene::save(&state.gpu, state.live.texture(), &path) {
            Ok(()) => self.go_to(TourStop::Shot("live", NextStop::End)),
            Err(message) => self.fail(message),
        }
    }

    fn is_measured(&self, frames: Summary) -> bool {
        let enough = frames.frames >= FRAMES || self.since.elapsed() > MEASURING;
        enough && frames.frames >= MIN_FRAMES
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
