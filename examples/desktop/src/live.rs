//! Inference in the frames of the window: the scene is drawn, a slice of the
//! network follows it in the same encoder, and the answer comes some frames
//! later. Nothing here waits, and no pixel leaves the device.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use eframe::wgpu;
use resnet_wgpu::classify::{Answer, Recorder, Slice};
use resnet_wgpu::{Error, Gpu, Prediction};

use crate::frames::{Frames, Kind};
use crate::model::TOP;
use crate::scene::Scene;

/// GPU time for the network in a frame, until somebody says another.
const BUDGET: Duration = Duration::from_millis(2);

/// Answers that may be on their way: as many as a recorder has memory for.
const MOST: usize = 3;

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
    coming: VecDeque<(Answer, Run)>,
    began: Instant,
    last: Option<Instant>,
}

/// Whether there is a recorder for the present model.
pub enum Setup {
    None,
    /// A worker makes it, and measures each step of the network.
    Coming,
    There(Box<Recorder>),
    Failed,
}

/// How a run is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Slices that were recorded.
    pub slices: usize,
    /// What [`Recorder::slices`] said of its budget.
    pub expected: usize,
    began: Instant,
}

/// What came of it.
#[derive(Default)]
pub struct Answers {
    pub top: Vec<Prediction>,
    pub count: usize,
    /// The last answer's run.
    pub run: Option<Run>,
    /// From the first slice to the answer.
    pub latency: Duration,
    /// Runs that took another number of slices than was said.
    pub miscounted: usize,
    /// When the last answers came, for their rate.
    recent: VecDeque<Instant>,
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
            last: None,
        }
    }

    /// What the scene is drawn into.
    pub fn texture(&self) -> &wgpu::Texture {
        self.scene.texture()
    }

    /// Begins with a model's recorder. Setting it up waited; nothing does from
    /// here on.
    pub fn set_recorder(&mut self, recorder: Box<Recorder>) {
        self.waits_before = self.gpu.waits();
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
            self.answers.recent.clear();
        }
    }

    /// One frame: draws the scene, records a slice behind it, submits both, and
    /// looks for answers. egui's own submission comes later.
    pub fn frame(&mut self, pictures: &[wgpu::Texture]) -> Result<(), Error> {
        self.measure();
        let began = Instant::now();
        let label = Some("live");
        let mut encoder =
            (self.gpu.device()).create_command_encoder(&wgpu::CommandEncoderDescriptor { label });
        self.scene.draw(&mut encoder, pictures, self.seconds());
        // Submitted even after an error: the scene is in it.
        let recorded = match self.classify {
            true => self.record(&mut encoder),
            false => Ok(()),
        };
        self.gpu.queue().submit([encoder.finish()]);
        self.recording = began.elapsed();
        recorded?;
        self.look()
    }

    /// Takes the time since the last frame in.
    fn measure(&mut self) {
        let now = Instant::now();
        let kind = match (&self.recorder, self.classify) {
            (Setup::There(_), true) => Kind::With,
            _ => Kind::Without,
        };
        match self.last.replace(now) {
            Some(last) => self.frames.push(kind, now - last),
            None => self.frames.interrupt(),
        }
    }

    /// No frame for now: the time until the next is none of a frame's.
    pub fn rest(&mut self) {
        self.last = None;
    }

    /// Records the next slice of a run, or begins one.
    fn record(&mut self, encoder: &mut wgpu::CommandEncoder) -> Result<(), Error> {
        let Setup::There(recorder) = &mut self.recorder else {
            return Ok(());
        };
        let slice = match self.run.take() {
            Some(mut run) => {
                run.slices += 1;
                self.run = Some(run);
                recorder.go_on(encoder)?
            }
            None if self.coming.len() == MOST => return Ok(()),
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
        Ok(())
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
            let answers = &mut self.answers;
            answers.top = recorder.classifier().top(&scores, 0, TOP);
            answers.take_in(run, Instant::now());
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

    fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }
}

impl Answers {
    /// Answers a second, over the last two seconds.
    pub fn rate(&self) -> f64 {
        match (self.recent.front(), self.recent.back()) {
            (Some(first), Some(last)) if last > first => {
                (self.recent.len() - 1) as f64 / (*last - *first).as_secs_f64()
            }
            _ => 0.0,
        }
    }

    fn take_in(&mut self, run: Run, now: Instant) {
        self.count += 1;
        self.miscounted += usize::from(run.slices != run.expected);
        self.latency = now - run.began;
        self.run = Some(run);
        self.recent.push_back(now);
        let old = |at: &Instant| now - *at > Duration::from_secs(2);
        while self.recent.front().is_some_and(old) {
            self.recent.pop_front();
        }
    }
}
