//! Inference in an application's own command encoders, a part of it in each
//! frame.

use std::ops::Range;
use std::time::Duration;
use web_time::Instant;

use super::input::Prepared;
use super::{Classifier, Form, Input, InputError, Pending, crop_of, size_of};
use crate::error::Error;
use crate::gpu::{Clock, Executable, GpuError, Images, Intake, Spans};
use crate::session::{Isolated, Run, Session};

/// Pendings that may be in flight: as many as frames of a window usually are.
const IN_FLIGHT: usize = 3;

/// Records a classifier's work into command encoders that the application
/// submits with its own: whole, or in slices of so much GPU time, so that no
/// frame is held up. It has memory of its own for activations, shares the
/// weights, and belongs to one thread at a time. Its encoders must be submitted in
/// the order in which they were recorded: a later slice reads what an earlier one
/// wrote.
///
/// ```no_run
/// # use resnet_wgpu::{Pending, Classifier, Recorder, Slice};
/// # use resnet_wgpu::wgpu;
/// # use std::time::Duration;
/// # fn frame(
/// #     (device, queue): (&wgpu::Device, &wgpu::Queue),
/// #     classifier: &Classifier,
/// #     recorder: &mut Recorder,
/// #     scene: &wgpu::Texture,
/// #     answers: &mut Vec<Pending>,
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
/// // They come in their order.
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
    /// The classifier's session when the recorder was made.
    session: Session,
    network: Isolated,
    /// GPU time of each step of the plan, as it was measured.
    times: Vec<Duration>,
    sliced: Option<Sliced>,
}

/// A run of which a part has been recorded.
#[derive(Debug)]
struct Sliced {
    run: Run,
    /// What is left, the last first.
    left: Vec<Range<usize>>,
}

/// What a slice leaves.
///
/// ```no_run
/// # use resnet_wgpu::{Pending, Recorder, Slice};
/// # use resnet_wgpu::wgpu::CommandEncoder;
/// # fn frame(
/// #     recorder: &mut Recorder,
/// #     encoder: &mut CommandEncoder,
/// #     answers: &mut Vec<Pending>,
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
    /// So many slices are left, for the next encoders.
    More(usize),
    /// None: the answer comes when what was recorded has been submitted and
    /// has run.
    Last(Pending),
}

impl Classifier {
    /// Sets up a recorder. It takes memory for activations, and measures what each
    /// step of the network takes on this device, by running it a few times: have it
    /// done off the thread that draws.
    ///
    /// # Errors
    /// [`GpuError::OnCpu`] without a GPU; [`GpuError::OutOfMemory`]; [`GpuError::Blocking`]
    /// in a browser, for measuring waits.
    pub fn recorder(&self) -> Result<Recorder, Error> {
        let session = self.session();
        let made = session.block_on(async {
            let crop = crop_of(self.preprocess());
            let compiled = self.compiled(&session, crop, Form::One).await?;
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
            sliced: None,
        })
    }
}

/// Timed runs, at most and until they have taken that long: the quickest counts,
/// for others may use the device.
const TIMED: usize = 5;
const ENOUGH: Duration = Duration::from_millis(250);

/// What each step takes: by the GPU's clock where that makes sense, else as its part
/// of a whole run.
fn times(network: &Executable, input_len: usize) -> Result<Vec<Duration>, Error> {
    let image = vec![0; input_len];
    let (began, mut clock) = (Instant::now(), Clock::Timestamps);
    let (mut shortest, mut quickest) = (Duration::MAX, None::<(Duration, Vec<Duration>)>);
    for n in 0..TIMED {
        // Some drivers compile at the first run, so there is one more.
        if n > 1 && began.elapsed() > ENOUGH {
            break;
        }
        let run = Instant::now();
        network.run(&image, |_, _| {})?;
        let whole = run.elapsed();
        shortest = shortest.min(whole);
        let spans = match network.timed_run(&image, Spans::Steps) {
            Err(GpuError::Clock { .. }) => vec![],
            timed => {
                let timeline = timed?;
                clock = timeline.clock;
                timeline.gpu
            }
        };
        let steps: Vec<_> = spans.iter().map(|span| span.duration()).collect();
        let sum: Duration = steps.iter().sum();
        // Or else the clock stands still.
        if sum >= whole / 10 && quickest.as_ref().is_none_or(|(least, _)| sum < *least) {
            quickest = Some((sum, steps));
        }
    }
    let steps = network.plan().steps.len().max(1);
    Ok(match (quickest, clock) {
        (Some((_, steps)), Clock::Timestamps) => steps,
        (Some((_, steps)), Clock::Wall) => shared_out(shortest, &steps),
        // Without a clock every step is alike.
        (None, _) => vec![shortest / steps as u32; steps],
    })
}

/// The time of a whole run in parts as its steps by themselves have: each of those was
/// submitted and waited for, which the shortest shows.
fn shared_out(whole: Duration, steps: &[Duration]) -> Vec<Duration> {
    let wait = steps.iter().min().copied().unwrap_or_default();
    let own = |step: &Duration| step.saturating_sub(wait).as_secs_f64();
    let all: f64 = steps.iter().map(own).sum();
    let part = |step| match all > 0.0 {
        true => own(step) / all,
        false => 1.0 / steps.len() as f64,
    };
    steps.iter().map(|step| whole.mul_f64(part(step))).collect()
}

impl Recorder {
    /// The classifier whose work it records.
    pub fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// Whether another run can be begun: fewer than three answers are on their way.
    pub fn has_room(&self) -> bool {
        self.network.has_room()
    }

    /// GPU time of a whole run, as it was measured when this was set up; without
    /// what resizing a picture on the device takes.
    pub fn gpu_time(&self) -> Duration {
        self.times.iter().sum()
    }

    /// How many slices a run takes under that budget: one to take the picture in,
    /// then as many steps in each as fit. One step is the least: a step that takes
    /// longer is a slice alone.
    pub fn slices(&self, budget: Duration) -> usize {
        1 + parts(&self.times, budget).len()
    }

    /// Whether no run is recorded in part.
    pub fn is_idle(&self) -> bool {
        self.sliced.is_none()
    }

    /// Records a whole run into `encoder`, which the application submits. All of it
    /// is one submission then: for networks that take seconds on a slow device,
    /// slices keep clear of the driver's watchdog.
    ///
    /// # Errors
    /// [`GpuError::Unfinished`] while another is recorded in part, [`GpuError::Busy`]
    /// where there is no [room](Self::has_room); [`InputError::Views`]; as
    /// [`Classifier::classify`].
    pub fn record<'a>(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        picture: impl Into<Input<'a>>,
    ) -> Result<Pending, Error> {
        let all = 0..self.times.len();
        let run = self.begun(encoder, picture.into(), all, true)?;
        Ok(Pending::new(&self.classifier, run))
    }

    /// Records the first slice of a run: the picture is taken in, and resized where
    /// it is on the device, which is under no budget and quick but for pictures of
    /// many millions of pixels. The rest is left to [`go_on`](Self::go_on), a slice of
    /// at most `budget` of GPU time each.
    ///
    /// # Errors
    /// As [`Recorder::record`].
    pub fn begin<'a>(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        picture: impl Into<Input<'a>>,
        budget: Duration,
    ) -> Result<Slice, Error> {
        let run = self.begun(encoder, picture.into(), 0..0, false)?;
        let mut left = parts(&self.times, budget);
        left.reverse();
        let slices = left.len();
        self.sliced = Some(Sliced { run, left });
        Ok(Slice::More(slices))
    }

    /// Records the next slice. Each encoder must be submitted after the one
    /// before; other commands may lie between them.
    ///
    /// # Errors
    /// [`GpuError::Idle`] where no run is recorded in part. After any error the
    /// run is given up.
    pub fn go_on(&mut self, encoder: &mut wgpu::CommandEncoder) -> Result<Slice, Error> {
        let mut sliced = self.sliced.take().ok_or(GpuError::Idle)?;
        let steps = sliced.left.pop().ok_or(GpuError::Idle)?;
        let last = sliced.left.is_empty();
        (self.network).record_part(encoder, &mut sliced.run, None, steps, last)?;
        if last {
            return Ok(Slice::Last(Pending::new(&self.classifier, sliced.run)));
        }
        let left = sliced.left.len();
        self.sliced = Some(sliced);
        Ok(Slice::More(left))
    }

    /// Gives up a run that is recorded in part.
    pub fn abandon(&mut self) {
        self.sliced = None;
    }

    fn begun(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        picture: Input<'_>,
        steps: Range<usize>,
        last: bool,
    ) -> Result<Run, Error> {
        if self.sliced.is_some() {
            return Err(GpuError::Unfinished.into());
        }
        let session = self.session.clone();
        let prepared = session.block_on(self.classifier.prepared(&session, picture))??;
        let intake = match &prepared {
            Prepared::Crops(crops) => match &crops[..] {
                [crop] if size_of(crop) == self.size() => Intake::Host(Images::Rgb8(crop.as_raw())),
                crops => return Err(InputError::Views(crops.len()).into()),
            },
            Prepared::Floats(..) => return Err(InputError::NotRecorded.into()),
            Prepared::Device(ready) => Intake::Device(ready),
        };
        let mut run = self.network.begin()?;
        (self.network).record_part(encoder, &mut run, Some(intake), steps, last)?;
        Ok(run)
    }

    fn size(&self) -> (usize, usize) {
        let shape = self.network.compiled.graph.input_shape();
        (shape.h, shape.w)
    }
}

/// Consecutive steps in parts of at most `budget` each, and at least one step.
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
        let found = shared_out(ms(8), &[ms(10), ms(11), ms(13)]);
        let whole: Duration = found.iter().sum();
        assert!(
            whole.abs_diff(ms(8)) < Duration::from_micros(1),
            "{found:?}"
        );
        assert_eq!(found[0], Duration::ZERO);
        assert!(found[2] > found[1] * 2);
        assert_eq!(shared_out(ms(8), &[ms(10); 4]), [ms(2); 4]);
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
