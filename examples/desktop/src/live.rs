//! Inference in the frames of the window. Each frame draws the scene, then records a slice of the
//! network in the same encoder, and the answer arrives some frames later. This code never waits,
//! and no pixel leaves the device.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use eframe::wgpu;
use resnet_wgpu::{Error, Gpu, PendingScores, Recorder, Slice};

use crate::frames::{FrameKind, Frames};
use crate::model::TOP;
use crate::runs::{Answers, SlicedRun};
use crate::scene::{PicturePair, Scene, visible_pair};

/// The default GPU time for the network in a frame.
const BUDGET: Duration = Duration::from_millis(2);

/// The live mode's state.
pub struct LiveMode {
    gpu: Gpu,
    scene: Scene,
    pub recorder: RecorderState,
    /// True if frames include inference.
    pub classify: bool,
    pub budget: Duration,
    pub frames: Frames,
    pub answers: Answers,
    /// The number of times that threads had waited for the device before the recorder was ready.
    pub waits_before: u64,
    /// The time that recording and submitting the last frame took.
    pub recording: Duration,
    /// The run whose first slices are recorded.
    run: Option<SlicedRun>,
    pending: VecDeque<(PendingScores, SlicedRun)>,
    began: Instant,
    /// The scene's time in seconds while the scene stands still.
    frozen_at: Option<f64>,
    /// The start of the last frame, and its use for the statistics.
    last: Option<(Instant, FrameUse)>,
}

/// The state of the recorder for the present model.
pub enum RecorderState {
    None,
    /// A worker makes the recorder and measures each step of the network.
    Pending,
    Ready(Box<Recorder>),
    Failed,
}

/// The use of a frame's time for the statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FrameUse {
    Counted(FrameKind),
    /// The frame is of neither kind: runs were in flight, but no slice was recorded.
    Uncounted,
    /// Other work went on, so the frames after this frame do not count, either.
    Disturbed,
}

impl LiveMode {
    pub fn new(gpu: &Gpu) -> Self {
        Self {
            scene: Scene::new(gpu.device(), gpu.queue()),
            gpu: gpu.clone(),
            recorder: RecorderState::None,
            classify: true,
            budget: BUDGET,
            frames: Frames::default(),
            answers: Answers::default(),
            waits_before: 0,
            recording: Duration::ZERO,
            run: None,
            pending: VecDeque::new(),
            began: Instant::now(),
            frozen_at: None,
            last: None,
        }
    }

    /// Returns the texture that the scene is drawn into.
    pub fn texture(&self) -> &wgpu::Texture {
        self.scene.texture()
    }

    /// Stops the scene at the given time.
    pub fn freeze(&mut self, seconds: f64) {
        self.frozen_at = Some(seconds);
    }

    /// Returns the pictures that are visible now, if `pictures` is not 0.
    pub fn visible_pair(&self, pictures: usize) -> Option<PicturePair> {
        let moving = || self.began.elapsed().as_secs_f64();
        visible_pair(pictures, self.frozen_at.unwrap_or_else(moving))
    }

    /// Starts to use a model's recorder. Its setup waited for the device and delayed frames; later
    /// frames never wait.
    pub fn set_recorder(&mut self, recorder: Box<Recorder>) {
        self.waits_before = self.gpu.waits();
        self.frames.forget(FrameKind::Without);
        self.recorder = RecorderState::Ready(recorder);
    }

    /// Drops everything that belongs to a model.
    pub fn forget_model(&mut self) {
        self.recorder = RecorderState::None;
        self.answers = Answers::default();
        self.run = None;
        self.pending.clear();
        self.frames.forget(FrameKind::With);
    }

    /// Sets the network's GPU time in each frame. Frame times with the old budget are dropped.
    pub fn set_budget(&mut self, budget: Duration) {
        if budget != self.budget {
            self.budget = budget;
            self.abandon_run();
            self.frames.forget(FrameKind::With);
        }
    }

    /// Switches inference on or off.
    pub fn toggle_inference(&mut self) {
        self.classify = !self.classify;
        if !self.classify {
            self.abandon_run();
            self.answers.forget();
        }
    }

    /// Runs one frame: draws the scene, records a slice after it, submits both, and looks for
    /// answers. egui submits its own commands later.
    pub fn frame(
        &mut self,
        pair: &PicturePair,
        pictures: [&wgpu::Texture; 2],
    ) -> Result<(), Error> {
        let began = Instant::now();
        if let Some((last, frame_use)) = self.last.take() {
            match frame_use {
                FrameUse::Counted(kind) => self.frames.push(kind, began - last),
                FrameUse::Uncounted => {}
                FrameUse::Disturbed => self.frames.interrupt(),
            }
        }
        let label = Some("live");
        let mut encoder =
            (self.gpu.device()).create_command_encoder(&wgpu::CommandEncoderDescriptor { label });
        self.scene.draw(&mut encoder, pair, pictures);
        // The encoder is submitted even after an error, because it draws the scene.
        let recorded = if self.classify {
            self.record(&mut encoder)
        } else {
            Ok(false)
        };
        self.gpu.queue().submit([encoder.finish()]);
        self.recording = began.elapsed();
        let runs = self.classify && matches!(self.recorder, RecorderState::Ready(_));
        let frame_use = match recorded? {
            _ if matches!(self.recorder, RecorderState::Pending) => FrameUse::Disturbed,
            true => FrameUse::Counted(FrameKind::With),
            false if runs || !self.pending.is_empty() => FrameUse::Uncounted,
            false => FrameUse::Counted(FrameKind::Without),
        };
        self.last = Some((began, frame_use));
        self.take_answers()
    }

    /// Excludes the last frame from the statistics, because other work went on at the same time.
    pub fn exclude_last_frame(&mut self) {
        if let Some((_, frame_use)) = &mut self.last {
            *frame_use = FrameUse::Disturbed;
        }
    }

    /// Ends the live frames for now. The time until the next frame does not count, and pending
    /// answers are dropped because their scene is no longer visible.
    pub fn pause(&mut self) {
        if self.last.take().is_some() {
            self.abandon_run();
            self.pending.clear();
            self.answers.forget();
            self.frames.interrupt();
        }
    }

    /// Records the next slice of a run, or begins a run. Returns `false` if there is nothing to
    /// record.
    fn record(&mut self, encoder: &mut wgpu::CommandEncoder) -> Result<bool, Error> {
        let RecorderState::Ready(recorder) = &mut self.recorder else {
            return Ok(false);
        };
        let slice = match self.run.take() {
            Some(mut run) => {
                run.slices += 1;
                self.run = Some(run);
                recorder.go_on(encoder)?
            }
            // Earlier runs, including abandoned runs, still occupy all in-flight frames.
            None if !recorder.has_room() => return Ok(false),
            None => {
                let mut run = SlicedRun {
                    slices: 1,
                    expected: recorder.slices(self.budget),
                    began: Instant::now(),
                };
                let first = recorder.begin(encoder, self.scene.texture(), self.budget)?;
                self.run = Some(run);
                match first {
                    // The first slice only takes in the picture, which costs almost nothing. The
                    // network's first steps fit into the same frame.
                    Slice::More(_) => {
                        run.slices += 1;
                        self.run = Some(run);
                        recorder.go_on(encoder)?
                    }
                    last => last,
                }
            }
        };
        if let Slice::Last(answer) = slice
            && let Some(run) = self.run.take()
        {
            self.pending.push_back((answer, run));
        }
        Ok(true)
    }

    /// Takes the answers that are ready.
    fn take_answers(&mut self) -> Result<(), Error> {
        let RecorderState::Ready(recorder) = &self.recorder else {
            return Ok(());
        };
        while let Some((answer, run)) = self.pending.front_mut() {
            let Some(scores) = answer.take_ready()? else {
                break;
            };
            let run = *run;
            self.pending.pop_front();
            let top = recorder.classifier().top(&scores, 0, TOP);
            self.answers.add(top, run, Instant::now());
        }
        Ok(())
    }

    /// Abandons a partly recorded run. Pending answers still arrive.
    fn abandon_run(&mut self) {
        if let (RecorderState::Ready(recorder), Some(_)) = (&mut self.recorder, self.run.take()) {
            recorder.abandon();
        }
    }

    /// Ends the present run and all pending runs after an error.
    pub fn stop(&mut self) {
        self.abandon_run();
        self.pending.clear();
        self.classify = false;
    }
}
