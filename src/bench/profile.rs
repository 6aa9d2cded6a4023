//! Where the time goes: the GPU alone, whole and step by step.

use std::time::{Duration, Instant};

use super::result::{Peaks, Profile, Roofline, Row, Stats, StepTime};
use super::roofline::{ceiling_ms, gbytes_per_second, gflops};
use crate::error::Error;
use crate::gpu::{Clock, Spans, Timeline};
use crate::plan::Step;
use crate::session::Session;

/// Timed runs, at least, however long they take together,
const AT_LEAST: usize = 3;

/// unless one takes longer than this: then it has to do.
const VERY_LONG: Duration = Duration::from_secs(4);

/// Timed runs, at most: more would tell no more.
const AT_MOST: usize = 50;

/// Timed runs for about that long; `None` on the CPU.
fn timelines(
    session: &mut Session,
    input: &[f32],
    spans: Spans,
    duration: Duration,
) -> Result<Option<Vec<Timeline>>, Error> {
    if session.timed_run(input, spans)?.is_none() {
        return Ok(None);
    }
    let began = Instant::now();
    let mut timelines = vec![];
    while timelines.len() < AT_LEAST || (began.elapsed() < duration && timelines.len() < AT_MOST) {
        timelines.extend(session.timed_run(input, spans)?);
    }
    Ok(Some(timelines))
}

/// The GPU's time for whole runs, as plans make them.
pub(super) fn gpu_times(
    session: &mut Session,
    input: &[f32],
    duration: Duration,
) -> Result<Option<(Clock, Stats)>, Error> {
    let timelines = timelines(session, input, Spans::Submissions, duration)?;
    let timelines = timelines.unwrap_or_default();
    let samples = timelines.iter().map(|t| ms(t.gpu_time())).collect();
    let clock = timelines.first().map(|t| t.clock);
    Ok(clock.zip(Stats::of(samples)))
}

/// The GPU's time for each step, each in a pass of its own.
pub fn profile(
    session: &mut Session,
    input: &[f32],
    duration: Duration,
) -> Result<Option<Profile>, Error> {
    let found = timeline_profile(session, input, duration)?;
    Ok(found.map(|(profile, _)| profile))
}

/// The same, and the run that is nearest to the medians.
pub fn timeline_profile(
    session: &mut Session,
    input: &[f32],
    duration: Duration,
) -> Result<Option<(Profile, Timeline)>, Error> {
    let Some(mut timelines) = timelines(session, input, Spans::Steps, duration)? else {
        return Ok(None);
    };
    let Some(plan) = session.plan() else {
        return Ok(None);
    };
    timelines.sort_by_key(Timeline::gpu_time);
    let steps = plan.steps.iter().enumerate().map(|(i, step)| {
        let samples = timelines.iter().map(|t| ms(t.gpu[i].duration())).collect();
        step_time(step, Stats::of(samples).map_or(0.0, |stats| stats.median))
    });
    let mut steps: Vec<StepTime> = steps.collect();
    let total_ms: f64 = steps.iter().map(|s| s.ms).sum();
    for step in &mut steps {
        step.share = 100.0 * rate(step.ms, total_ms);
    }
    let middle = timelines.swap_remove(timelines.len() / 2);
    let profile = Profile {
        clock: middle.clock,
        repetitions: timelines.len() + 1,
        total_ms,
        steps,
    };
    Ok(Some((profile, middle)))
}

fn step_time(step: &Step, ms: f64) -> StepTime {
    let s = step.output;
    let per_time = |value: f64| if ms > 0.0 { value } else { 0.0 };
    StepTime {
        layer: step.name.clone(),
        kernel: step.kernel.name.into(),
        output: [s.c, s.h, s.w],
        macs: step.macs,
        bytes: step.bytes,
        ms,
        share: 0.0,
        gflops: per_time(gflops(step.macs, ms)),
        gbytes_per_second: per_time(gbytes_per_second(step.bytes, ms)),
        ceiling_ms: None,
        roofline_percent: None,
    }
}

impl Profile {
    /// Sets the ceiling that the device's peaks put on each step.
    pub fn set_ceilings(&mut self, peaks: &Peaks) {
        let (fma, bandwidth) = (peaks.fma_f32_gflops, peaks.memory_gbytes_per_second);
        for step in &mut self.steps {
            let ceiling = ceiling_ms(step.macs, step.bytes, fma, bandwidth);
            step.ceiling_ms = Some(ceiling);
            step.roofline_percent = (step.ms > 0.0).then(|| 100.0 * ceiling / step.ms);
        }
    }

    /// The sum of the ceilings, where all steps have one.
    pub fn ceiling_ms(&self) -> Option<f64> {
        self.steps.iter().map(|s| s.ceiling_ms).sum()
    }
}

impl Row {
    /// Sets the ceiling that the device's peaks put on the row and its steps.
    pub fn set_ceilings(&mut self, peaks: &Peaks) {
        let Some(profile) = &mut self.profile else {
            return;
        };
        profile.set_ceilings(peaks);
        if let (Some(ceiling_ms), Some(gpu)) = (profile.ceiling_ms(), &self.gpu) {
            self.roofline = Some(Roofline {
                ceiling_ms,
                percent: 100.0 * rate(ceiling_ms, gpu.median),
            });
        }
    }
}

fn rate(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
