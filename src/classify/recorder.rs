//! Inference in an application's own command encoders, spread over several frames.

use std::ops::Range;
use std::time::Duration;
use web_time::Instant;

use super::input::PreparedInput;
use super::{Classifier, Input, InputError, PendingScores, RunForm, crop_of, size_of};
use crate::error::Error;
use crate::gpu::{Clock, Executable, GpuError, Images, Intake, SpanKind};
use crate::session::{IsolatedNetwork, Run, Session};

/// The largest number of pending runs, since a window usually has three frames in flight.
const IN_FLIGHT: usize = 3;

/// Records a classifier's work into command encoders that the application submits with its own
/// commands. The work is recorded as a whole or in slices of limited GPU time, so that no frame is
/// delayed.
///
/// A recorder has its own memory for activations and shares the weights. One thread at a time uses
/// a recorder. Its encoders must be submitted in the order of their recording, because a later
/// slice reads the output of an earlier slice.
///
/// ```no_run
/// # use resnet_wgpu::{PendingScores, Classifier, Recorder, Slice};
/// # use resnet_wgpu::wgpu;
/// # use std::time::Duration;
/// # fn frame(
/// #     (device, queue): (&wgpu::Device, &wgpu::Queue),
/// #     classifier: &Classifier,
/// #     recorder: &mut Recorder,
/// #     scene: &wgpu::Texture,
/// #     answers: &mut Vec<PendingScores>,
/// # ) -> Result<(), resnet_wgpu::Error> {
/// // In each frame:
/// let mut encoder = device.create_command_encoder(&Default::default());
/// let mut slice = Slice::More(0);
/// if !recorder.is_idle() {
///     slice = recorder.go_on(&mut encoder)?;
/// } else if recorder.has_room() {
///     slice = recorder.begin(&mut encoder, scene, Duration::from_millis(2))?;
/// }
/// queue.submit([encoder.finish()]);
/// if let Slice::Last(answer) = slice {
///     answers.push(answer);
/// }
/// // Answers arrive in the order of their runs.
/// while let Some(answer) = answers.first_mut() {
///     let Some(scores) = answer.take_ready()? else {
///         break;
///     };
///     println!("{}", classifier.top(&scores, 0, 1)[0].label);
///     drop(answers.remove(0));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Recorder {
    classifier: Classifier,
    /// The classifier's session at the time when the recorder was created.
    session: Session,
    network: IsolatedNetwork,
    /// Measured GPU time of each step of the plan.
    times: Vec<Duration>,
    partial: Option<PartialRecording>,
}

/// A run that is partly recorded.
#[derive(Debug)]
struct PartialRecording {
    run: Run,
    /// The remaining slices, in reverse order.
    left: Vec<Range<usize>>,
}

/// The state of a run after a slice was recorded.
///
/// ```no_run
/// # use resnet_wgpu::{PendingScores, Recorder, Slice};
/// # use resnet_wgpu::wgpu::CommandEncoder;
/// # fn frame(
/// #     recorder: &mut Recorder,
/// #     encoder: &mut CommandEncoder,
/// #     answers: &mut Vec<PendingScores>,
/// # ) -> Result<(), resnet_wgpu::Error> {
/// match recorder.go_on(encoder)? {
///     Slice::More(left) => println!("{left} frames to go"),
///     Slice::Last(answer) => answers.push(answer),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one at a time, in a frame's hands"
)]
pub enum Slice {
    /// The number of slices that are left for the next encoders.
    More(usize),
    /// A completely recorded run. The answer arrives when the recorded commands have been
    /// submitted and have run.
    Last(PendingScores),
}

impl Classifier {
    /// Sets up a recorder. A recorder allocates memory for activations. The setup runs the network
    /// a few times to measure the GPU time of each step on this device, so call this function off
    /// the thread that draws.
    ///
    /// # Errors
    /// - [`GpuError::OnCpu`] without a GPU.
    /// - [`GpuError::OutOfMemory`] if the device lacks memory.
    /// - [`GpuError::Blocking`] in a browser, because measuring waits for the device.
    pub fn recorder(&self) -> Result<Recorder, Error> {
        let session = self.session();
        let made = session.device().block_on(async {
            let crop = crop_of(self.preprocess());
            let compiled = self.compiled(&session, crop, RunForm::One).await?;
            let network = session.isolated(&compiled, IN_FLIGHT).await?;
            session
                .resampler(self.preprocess())
                .await?
                .warm_up()
                .await?;
            Ok::<_, Error>(network)
        });
        let network = made??;
        Ok(Recorder {
            times: times(network.executable()?, network.compiled.input_len())?,
            classifier: self.clone(),
            session,
            network,
            partial: None,
        })
    }
}

/// Limits of the timed runs: their number, and the time after which no further run starts. The
/// quickest run counts, because other programs may use the device.
const TIMED: usize = 5;
const ENOUGH: Duration = Duration::from_millis(250);

/// Returns the time of each step: by the GPU's clock if that clock is plausible, and otherwise as a
/// share of a whole run.
fn times(network: &Executable, input_len: usize) -> Result<Vec<Duration>, Error> {
    let image = vec![0; input_len];
    let (began, mut clock) = (Instant::now(), Clock::Timestamps);
    let (mut shortest, mut quickest) = (Duration::MAX, None::<(Duration, Vec<Duration>)>);
    for n in 0..TIMED {
        // Some drivers compile at the first run, so a second run always follows.
        if n > 1 && began.elapsed() > ENOUGH {
            break;
        }
        let run = Instant::now();
        network.run(&image, |_, _| {})?;
        let whole = run.elapsed();
        shortest = shortest.min(whole);
        let spans = match network.timed_run(&image, SpanKind::Steps) {
            Err(GpuError::Clock { .. }) => vec![],
            timed => {
                let timeline = timed?;
                clock = timeline.clock;
                timeline.gpu
            }
        };
        let steps: Vec<_> = spans.iter().map(|span| span.duration()).collect();
        let sum: Duration = steps.iter().sum();
        // A smaller sum means that the clock stands still.
        if sum >= whole / 10 && quickest.as_ref().is_none_or(|(least, _)| sum < *least) {
            quickest = Some((sum, steps));
        }
    }
    let steps = network.plan().steps.len().max(1);
    Ok(match (quickest, clock) {
        (Some((_, steps)), Clock::Timestamps) => steps,
        (Some((_, steps)), Clock::Wall) => distribute(shortest, &steps),
        // Without a clock, all steps get equal shares.
        (None, _) => vec![shortest / steps as u32; steps],
    })
}

/// Divides the time of a whole run among its steps, in proportion to their separately measured
/// times. Each separate time includes a submission and a wait. The shortest time estimates this
/// overhead, and is subtracted.
fn distribute(whole: Duration, steps: &[Duration]) -> Vec<Duration> {
    let wait = steps.iter().min().copied().unwrap_or_default();
    let own = |step: &Duration| step.saturating_sub(wait).as_secs_f64();
    let all: f64 = steps.iter().map(own).sum();
    let part = |step| {
        if all > 0.0 {
            own(step) / all
        } else {
            1.0 / steps.len() as f64
        }
    };
    steps.iter().map(|step| whole.mul_f64(part(step))).collect()
}

impl Recorder {
    /// Returns the classifier whose work is recorded.
    pub fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// Returns whether another run can begin, that is, whether fewer than three answers are
    /// pending.
    pub fn has_room(&self) -> bool {
        self.network.has_room()
    }

    /// Returns the GPU time of a whole run, as measured when the recorder was set up. The time
    /// excludes the resizing of a picture on the device.
    pub fn gpu_time(&self) -> Duration {
        self.times.iter().sum()
    }

    /// Returns the number of slices of a run under `budget`. The first slice takes in the picture,
    /// and each further slice has as many steps as fit the budget. A step that exceeds the budget
    /// is a slice of its own.
    pub fn slices(&self, budget: Duration) -> usize {
        1 + parts(&self.times, budget).len()
    }

    /// Returns whether no run is partly recorded.
    pub fn is_idle(&self) -> bool {
        self.partial.is_none()
    }

    /// Records a whole run into `encoder`, which the application submits. The whole run is then one
    /// submission. For networks that take seconds on a slow device, slices avoid the timeout of the
    /// driver's watchdog.
    ///
    /// # Errors
    /// - [`GpuError::Unfinished`] while another run is partly recorded.
    /// - [`GpuError::Busy`] if the recorder has no [room](Self::has_room).
    /// - [`InputError::Views`] if the picture has several views.
    /// - The errors of [`Classifier::classify`].
    pub fn record<'a>(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        picture: impl Into<Input<'a>>,
    ) -> Result<PendingScores, Error> {
        let all = 0..self.times.len();
        let run = self.begin_run(encoder, picture.into(), all)?;
        Ok(PendingScores::new(&self.classifier, run))
    }

    /// Records the first slice of a run, which takes in the picture and resizes a picture that is
    /// on the device. The budget does not limit this slice, but the slice is quick except for
    /// pictures of many millions of pixels. [`go_on`](Self::go_on) records the remaining slices,
    /// each with at most `budget` of GPU time.
    ///
    /// # Errors
    /// Returns the errors of [`Recorder::record`].
    pub fn begin<'a>(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        picture: impl Into<Input<'a>>,
        budget: Duration,
    ) -> Result<Slice, Error> {
        let run = self.begin_run(encoder, picture.into(), 0..0)?;
        let mut left = parts(&self.times, budget);
        left.reverse();
        let slices = left.len();
        self.partial = Some(PartialRecording { run, left });
        Ok(Slice::More(slices))
    }

    /// Records the next slice. Each encoder must be submitted after the previous one. Other
    /// commands may be submitted in between.
    ///
    /// # Errors
    /// [`GpuError::Idle`] if no run is partly recorded. After any error, the run is abandoned.
    pub fn go_on(&mut self, encoder: &mut wgpu::CommandEncoder) -> Result<Slice, Error> {
        let mut partial = self.partial.take().ok_or(GpuError::Idle)?;
        let steps = partial.left.pop().ok_or(GpuError::Idle)?;
        let last = partial.left.is_empty();
        (self.network).record_part(encoder, &mut partial.run, None, steps)?;
        if last {
            return Ok(Slice::Last(PendingScores::new(
                &self.classifier,
                partial.run,
            )));
        }
        let left = partial.left.len();
        self.partial = Some(partial);
        Ok(Slice::More(left))
    }

    /// Abandons a run that is partly recorded.
    pub fn abandon(&mut self) {
        self.partial = None;
    }

    fn begin_run(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        picture: Input<'_>,
        steps: Range<usize>,
    ) -> Result<Run, Error> {
        if self.partial.is_some() {
            return Err(GpuError::Unfinished.into());
        }
        let session = self.session.clone();
        let prepared = session
            .device()
            .block_on(self.classifier.prepare(&session, picture))??;
        let intake = match &prepared {
            PreparedInput::Crops(crops) => match &crops[..] {
                [crop] if size_of(crop) == self.size() => Intake::Host(Images::Rgb8(crop.as_raw())),
                crops => return Err(InputError::Views(crops.len()).into()),
            },
            PreparedInput::Floats(..) => return Err(InputError::NotRecorded.into()),
            PreparedInput::Device(ready) => Intake::Device(ready),
        };
        let mut run = self.network.begin()?;
        (self.network).record_part(encoder, &mut run, Some(intake), steps)?;
        Ok(run)
    }

    fn size(&self) -> (usize, usize) {
        let shape = self.network.compiled.graph.input_shape();
        (shape.h, shape.w)
    }
}

/// Groups consecutive steps into parts of at most `budget` each. Each part has at least one step.
fn parts(times: &[Duration], budget: Duration) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = vec![];
    let mut spent = Duration::ZERO;
    for (i, &time) in times.iter().enumerate() {
        match parts.last_mut() {
            Some(part) if spent + time <= budget => {
                part.end = i + 1;
                spent += time;
            }
            _ => {
                parts.push(i..i + 1);
                spent = time;
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_no_steps() {
        let ms = Duration::from_millis;
        let found = distribute(ms(8), &[ms(10), ms(11), ms(13)]);
        let whole: Duration = found.iter().sum();
        assert!(
            whole.abs_diff(ms(8)) < Duration::from_micros(1),
            "{found:?}"
        );
        assert_eq!(found[0], Duration::ZERO);
        assert!(found[2] > found[1] * 2);
        assert_eq!(distribute(ms(8), &[ms(10); 4]), [ms(2); 4]);
    }

    #[test]
    fn parts_keep_to_the_budget() {
        let ms = |values: &[u64]| -> Vec<Duration> {
            values.iter().map(|&v| Duration::from_millis(v)).collect()
        };
        let times = ms(&[1, 1, 1, 5, 1, 2, 2]);
        let budget = |n| parts(&times, Duration::from_millis(n));
        assert_eq!(budget(2), [0..2, 2..3, 3..4, 4..5, 5..6, 6..7]);
        assert_eq!(budget(3), [0..3, 3..4, 4..6, 6..7]);
        assert_eq!(budget(100), vec![0..7; 1]);
        assert_eq!(budget(0).len(), 7);
        assert!(parts(&[], Duration::ZERO).is_empty());
    }
}
