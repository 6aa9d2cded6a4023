//! Inference in the frames of the window: the scene is drawn, a slice of the
//! network follows it in the same encoder, and the answer comes some frames
//! later. Nothing here waits, and no pixel leaves the device.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use eframe::wgpu;
use resnet_wgpu::{Error, Gpu, Pending, Recorder, Slice};

use crate::frames::{Frames, Kind};
use crate::model::TOP;
use crate::runs::{Answers, Run};
use crate::scene::{Pair, Scene, pair};

/// GPU time for the network in a frame, until somebody says another.
const BUDGET: Duration = Duration::from_millis(2);

/// The live mode's state.
pub struct Live {
    gpu: Gpu,
    scene: Scene,
    pub recorder: Setup,
    /// Whether frames have inference in them.
    pub classify: bool,
    pub budget: Duration,
    pub frames: Frames,
    pub answers: Answers,
    /// How often threads had waited for the device when the recorder came.
    pub waits_before: u64,
    /// What recording and submitting took of the last frame.
    pub recording: Duration,
    /// The run that is recorded in part.
    run: Option<Run>,
    coming: VecDeque<(Pending, Run)>,
    began: Instant,
    /// The scene's time, where it stands still.
    still: Option<f64>,
    /// When the last frame began, and what it was.
    last: Option<(Instant, Counts)>,
}

/// Whether there is a recorder for the present model.
pub enum Setup {
    None,
    /// A worker makes it, and measures each step of the network.
    Coming,
    There(Box<Recorder>),
    Failed,
}

/// What a frame's time is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    As(Kind),
    /// It is neither: runs were on their way, and no slice was recorded.
    Not,
    /// Something else went on: the frames after it are another matter, too.
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

    /// What the scene is drawn into.
    pub fn texture(&self) -> &wgpu::Texture {
        self.scene.texture()
    }

    /// Has the scene stand still at a time of its own.
    pub fn stand_still(&mut self, seconds: f64) {
        self.still = Some(seconds);
    }

    /// Which of so many pictures are seen now.
    pub fn pair(&self, pictures: usize) -> Option<Pair> {
        let moving = || self.began.elapsed().as_secs_f64();
        pair(pictures, self.still.unwrap_or_else(moving))
    }

    /// Begins with a model's recorder. Setting it up waited, and held up frames;
    /// nothing does from here on.
    pub fn set_recorder(&mut self, recorder: Box<Recorder>) {
        self.waits_before = self.gpu.waits();
        self.frames.forget(Kind::Without);
        self.recorder = Setup::There(recorder);
    }

    /// Drops what belongs to a model.
    pub fn forget_model(&mut self) {
        self.recorder = Setup::None;
        self.answers = Answers::default();
        self.run = None;
        self.coming.clear();
        self.frames.forget(Kind::With);
    }

    /// Another share of each frame: what frames took with the old one says
    /// nothing any more.
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

    /// One frame: draws the scene, records a slice behind it, submits both, and
    /// looks for answers. egui's own submission comes later. Its time counts where
    /// all else is `quiet`.
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
        // Submitted even after an error: the scene is in it.
        let recorded = match self.classify {
            true => self.record(&mut encoder),
            false => Ok(false),
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

    /// No frame for now: the time until the next is none of a frame's, and what
    /// is on its way would be of a scene that nobody sees.
    pub fn rest(&mut self) {
        if self.last.take().is_some() {
            self.give_up();
            self.coming.clear();
            self.answers.forget();
            self.frames.interrupt();
        }
    }

    /// Records the next slice of a run, or begins one; `false` where there is
    /// nothing to record.
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
            // The device is at it still. So it is with runs that were given up.
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
                    // Taking the picture in costs next to nothing: the network's
                    // first steps fit into the same frame.
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

    /// Takes the answers that are there.
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

    /// A run in part is given up; answers on their way still come.
    fn give_up(&mut self) {
        if let (Setup::There(recorder), Some(_)) = (&mut self.recorder, self.run.take()) {
            recorder.abandon();
        }
    }

    /// What went wrong ends the run, and those on their way.
    pub fn stop(&mut self) {
        self.give_up();
        self.coming.clear();
        self.classify = false;
    }
}
