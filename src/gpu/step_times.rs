//! Runs that report the begin and end of each of their parts.

use std::ops::Range;
use std::sync::PoisonError;
use std::time::Duration;
use web_time::Instant;

use super::frame::Claim;
use super::intake::Intake;
use super::timestamps::{Clock, Span, SpanKind, Timeline, Timestamps};
use super::{Executable, GpuError, Images};

/// The duration of some steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepTimes {
    /// The duration by the GPU's own clock, if the device has timestamps.
    pub gpu: Option<Duration>,
    /// The duration by the host's clock, from before the submission until its end was known.
    pub wall: Duration,
}

impl Executable {
    /// Runs some steps `times` times in one pass and returns the total duration, for tuning. The
    /// caller ensures that the steps do not change their own inputs.
    pub fn time_steps(&self, steps: Range<usize>, times: usize) -> Result<StepTimes, GpuError> {
        let timestamps = self.timestamps_for(1)?;
        let again = (0..times).flat_map(|_| steps.clone());
        let began = Instant::now();
        let submitted = self.handles().watch(0, || {
            let mut encoder = self.handles().encoder();
            let writes = timestamps.as_ref().map(|t| t.writes(0));
            self.record(&mut encoder, again, writes);
            if let Some(timestamps) = &timestamps {
                timestamps.resolve(&mut encoder);
            }
            self.handles().queue().submit([encoder.finish()])
        })?;
        self.handles().wait(submitted.clone())?;
        let wall = began.elapsed();
        let spans = timestamps
            .as_ref()
            .map(|t| t.read(self.handles(), submitted));
        let gpu = spans
            .transpose()?
            .map(|s| s.iter().map(Span::duration).sum());
        self.keep(timestamps);
        Ok(StepTimes { gpu, wall })
    }

    /// Returns timestamps for `spans` spans. Reuses the stored timestamps if they have the same
    /// number of spans.
    fn timestamps_for(&self, spans: usize) -> Result<Option<Timestamps>, GpuError> {
        let mut kept = self
            .timestamps
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match kept.take().filter(|t| t.spans() == spans) {
            Some(timestamps) => Ok(Some(timestamps)),
            None => Timestamps::new(self.handles(), spans),
        }
    }

    fn keep(&self, timestamps: Option<Timestamps>) {
        let mut kept = self
            .timestamps
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *kept = timestamps;
    }

    /// Runs once and returns the begin and end of each span, by the GPU's clock if the device has
    /// timestamps. The outputs stay on the device.
    pub fn timed_run<'a>(
        &self,
        input: impl Into<Images<'a>>,
        spans: SpanKind,
    ) -> Result<Timeline, GpuError> {
        let input = input.into();
        self.admit(input)?;
        let steps = 0..self.plan.steps.len();
        let ranges: Vec<Range<usize>> = match spans {
            SpanKind::Steps => steps.map(|i| i..i + 1).collect(),
            SpanKind::Submissions => self.plan.submissions.clone(),
        };
        let timestamps = self.timestamps_for(ranges.len())?;
        // Steps of other engines in between would be included in the times and would overwrite the
        // shared activations.
        let permit = self.gpu().block_on(self.engine.permits().acquire())??;
        let claim = self.frames.claim(self.handles(), permit)?;
        let turn = self.engine.workspace().turn();
        let timeline = match &timestamps {
            Some(timestamps) => self.timed_by_gpu(&claim, input, &ranges, timestamps),
            None => self.timed_by_host(&claim, input, &ranges),
        };
        drop(turn);
        // After an error, the timestamps cannot be used again.
        self.keep(timestamps.filter(|_| timeline.is_ok()));
        timeline
    }

    fn timed_by_gpu(
        &self,
        claim: &Claim,
        input: Images<'_>,
        ranges: &[Range<usize>],
        timestamps: &Timestamps,
    ) -> Result<Timeline, GpuError> {
        let began = Instant::now();
        let since = |began: Instant| began.elapsed();
        let (submitted, host) = self.handles().watch(0, || -> Result<_, GpuError> {
            let mut encoder = self.handles().encoder();
            self.take_in(&mut encoder, claim, Intake::Host(input), None)?;
            let uploaded = since(began);
            let (mut last, mut first_submit) = (0, None);
            for (i, steps) in ranges.iter().enumerate() {
                // As in an untimed run, the plan's submissions bound the work of each submission.
                let of = |s: &Range<usize>| s.contains(&steps.start);
                let submission = self.plan.submissions.iter().position(of).unwrap_or(last);
                if submission != last {
                    let full = std::mem::replace(&mut encoder, self.handles().encoder());
                    first_submit.get_or_insert_with(|| since(began));
                    self.handles().queue().submit([full.finish()]);
                    last = submission;
                }
                self.record(&mut encoder, steps.clone(), Some(timestamps.writes(i)));
            }
            timestamps.resolve(&mut encoder);
            let commands = encoder.finish();
            let recorded = since(began);
            let submitted = self.handles().queue().submit([commands]);
            let host = [uploaded, recorded, since(began)];
            Ok((submitted, (host, first_submit.unwrap_or(recorded))))
        })??;
        let (host, first_submit) = host;
        let mut gpu = timestamps.read(self.handles(), submitted)?;
        // The two clocks share no origin. The GPU's spans start at the first submission, because
        // the GPU cannot begin earlier.
        for span in &mut gpu {
            span.begin += first_submit;
            span.end += first_submit;
        }
        Ok(Timeline::new(Clock::Timestamps, host, since(began), gpu))
    }

    fn timed_by_host(
        &self,
        claim: &Claim,
        input: Images<'_>,
        ranges: &[Range<usize>],
    ) -> Result<Timeline, GpuError> {
        let began = Instant::now();
        let submitted = self.handles().watch(0, || -> Result<_, GpuError> {
            let mut encoder = self.handles().encoder();
            self.take_in(&mut encoder, claim, Intake::Host(input), None)?;
            Ok(self.handles().queue().submit([encoder.finish()]))
        })??;
        self.handles().wait(submitted)?;
        let uploaded = began.elapsed();
        let mut spans = Vec::with_capacity(ranges.len());
        for steps in ranges {
            let begin = began.elapsed();
            let submitted = self.handles().watch(0, || {
                let mut encoder = self.handles().encoder();
                self.record(&mut encoder, steps.clone(), None);
                self.handles().queue().submit([encoder.finish()])
            })?;
            self.handles().wait(submitted)?;
            let end = began.elapsed();
            spans.push(Span { begin, end });
        }
        let host = [uploaded; 3];
        Ok(Timeline::new(Clock::Wall, host, began.elapsed(), spans))
    }
}
