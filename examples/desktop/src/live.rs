//! Inference in the frames of the window. Each frame draws the scene, then records a slice of the
//! network in the same encoder, and the answer arrives some frames later. This code never waits,
//! and no pixel leaves the device.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use eframe::wgpu;
use resnet_wgpu::{Error, Gpu, Pending, Recorder, Slice};

use crate::frames::{Frames, Kind};
use crate::model::TOP;
use crate::runs::{Answers, Run};
use crate::scene::{Pair, Scene, pair};

/// The default GPU time for the network in a frame.
const BUDGET: Duration = Duration::from_millis(2);

/// The live mode's state.
pub struct Live {
    gpu: Gpu,
    scene: Scene,
    pub recorder: Setup,
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
    run: Option<Run>,
    coming: VecDeque<(Pending, Run)>,
    began: Instant,
    /// The scene's time in seconds while the scene stands still.
    still: Option<f64>,
    /// The start of the last frame, and its use for the statistics.
    last: Option<(Instant, Counts)>,
}

/// The state of the recorder for the present model.
pub enum Setup {
    None,
    /// A worker makes the recorder and measures each step of the network.
    Coming,
    There(Box<Recorder>),
    Failed,
}

/// The use of a frame's time for the statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    As(Kind),
    /// The frame is of neither kind: runs were in flight, but no slice was recorded.
    Not,
    /// Other work went on, so the frames after this frame do not count, either.
    Disturbed,
}

impl Live {
    pub fn new(gpu: &Gpu) -> Self {
        Self {
            scene: Scene::new(gpu.device(), gpu.queue()),
            gpu: gpu.clone(),
            recorder: Setup::None,
            classify: true,
            budget: BUDGET,
            frames: Frames::default(),
            answers: Answers::default(),
            waits_before: 0,
            recording: Duration::ZERO,
            run: None,
            coming: VecDeque::new(),
            began: Instant::now(),
            still: None,
            last: None,
        }
    }

    /// Returns the texture that the scene is drawn into.
    pub fn texture(&self) -> &wgpu::Texture {
        self.scene.texture()
    }

    /// Stops the scene at the given time.
    pub fn stand_still(&mut self, seconds: f64) {
        self.still = Some(seconds);
    }

    /// Returns the pictures that are visible now, if `pictures` is not 0.
    pub fn pair(&self, pictures: usize) -> Option<Pair> {
        let moving = || self.began.elapsed().as_secs_f64();
        pair(pictures, self.still.unwrap_or_else(moving))
    }

    /// Starts to use a model's recorder. Its setup waited for the device and delayed frames; later
    /// frames never wait.
    pub fn set_recorder(&mut self, recorder: Box<Recorder>) {
        self.waits_before = self.gpu.waits();
        self.frames.forget(Kind::Without);
        self.recorder = Setup::There(recorder);
    }

    /// Drops everything that belongs to a model.
    pub fn forget_model(&mut self) {
        self.recorder = Setup::None;
        self.answers = Answers::default();
        self.run = None;
        self.coming.clear();
        self.frames.forget(Kind::With);
    }

    /// Sets the network's GPU time in each frame. Frame times with the old budget are dropped.
    pub fn set_budget(&mut self, budget: Duration) {
        if budget != self.budget {
            self.budget = budget;
            self.give_up();
            self.frames.forget(Kind::With);
        }
    }

    /// Switches inference on or off.
    pub fn set_classify(&mut self, classify: bool) {
        self.classify = classify;
        if !classify {
            self.give_up();
            self.answers.forget();
        }
    }

    /// Runs one frame: draws the scene, records a slice after it, submits both, and looks for
    /// answers. egui submits its own commands later. The frame's time counts only if the workers
    /// are idle (`quiet`).
    pub fn frame(
        &mut self,
        pair: &Pair,
        pictures: [&wgpu::Texture; 2],
        quiet: bool,
    ) -> Result<(), Error> {
        let began = Instant::now();
        if let Some((last, counts)) = self.last.take() {
            match counts {
                Counts::As(kind) => self.frames.push(kind, began - last),
                Counts::Not => {}
                Counts::Disturbed => self.frames.interrupt(),
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
        let runs = self.classify && matches!(self.recorder, Setup::There(_));
        let counts = match recorded? {
            _ if !quiet || matches!(self.recorder, Setup::Coming) => Counts::Disturbed,
            true => Counts::As(Kind::With),
            false if runs || !self.coming.is_empty() => Counts::Not,
            false => Counts::As(Kind::Without),
        };
        self.last = Some((began, counts));
        self.look()
    }

    /// Ends the live frames for now. The time until the next frame does not count, and pending
    /// answers are dropped because their scene is no longer visible.
    pub fn rest(&mut self) {
        if self.last.take().is_some() {
            self.give_up();
            self.coming.clear();
            self.answers.forget();
            self.frames.interrupt();
        }
    }

    /// Records the next slice of a run, or begins a run. Returns `false` if there is nothing to
    /// record.
    fn record(&mut self, encoder: &mut wgpu::CommandEncoder) -> Result<bool, Error> {
        let Setup::There(recorder) = &mut self.recorder else {
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
                let mut run = Run {
                    slices: 1,
                    expected: recorder.slices(self.budget),
                    began: Instant::now(),
                };
                let taken_in = recorder.begin(encoder, self.scene.texture(), self.budget)?;
                self.run = Some(run);
                match taken_in {
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
            self.coming.push_back((answer, run));
        }
        Ok(true)
    }

    /// Takes the answers that are ready.
    fn look(&mut self) -> Result<(), Error> {
        let Setup::There(recorder) = &self.recorder else {
            return Ok(());
        };
        while let Some((answer, run)) = self.coming.front_mut() {
            let Some(scores) = answer.take_ready()? else {
                break;
            };
            let run = *run;
            self.coming.pop_front();
            let top = recorder.classifier().top(&scores, 0, TOP);
            self.answers.take_in(top, run, Instant::now());
        }
        Ok(())
    }

    /// Abandons a partly recorded run. Pending answers still arrive.
    fn give_up(&mut self) {
        if let (Setup::There(recorder), Some(_)) = (&mut self.recorder, self.run.take()) {
            recorder.abandon();
        }
    }

    /// Ends the present run and all pending runs after an error.
    pub fn stop(&mut self) {
        self.give_up();
        self.coming.clear();
        self.classify = false;
    }
}
