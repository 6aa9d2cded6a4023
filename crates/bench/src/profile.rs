//! GPU time without the host's work: for whole runs and for each step.

use std::time::{Duration, Instant};

use super::result::{Peaks, Profile, Roofline, Row, Stats, StepTime};
use super::roofline::{ceiling_ms, gbytes_per_second, gflops};
use resnet_wgpu::low_level::gpu::{Clock, GpuError, SpanKind, Timeline};
use resnet_wgpu::low_level::plan::Step;
use resnet_wgpu::{Error, Session};

/// The duration of the untimed runs before a timing. GPUs raise their clocks under load.
const WARM_UP: Duration = Duration::from_secs(1);

/// Runs the session for one second and passes the logits of each run to `inspect`.
pub fn warm_up(
    session: &mut Session,
    input: &[f32],
    mut inspect: impl FnMut(&[f32]),
) -> Result<(), Error> {
    let began = Instant::now();
    while began.elapsed() < WARM_UP {
        session.run_batch(input, |outputs| inspect(outputs.logits()))?;
    }
    Ok(())
}

/// The fewest timed runs, unless they take longer than [`LONG_ENOUGH`] together.
const AT_LEAST: usize = 3;

/// The elapsed time after which fewer than [`AT_LEAST`] runs suffice.
const LONG_ENOUGH: Duration = Duration::from_secs(2);

/// The most runs with implausible timestamps that are tolerated. A counter may wrap once, but not
/// repeatedly.
const MAX_IMPLAUSIBLE: usize = 3;

/// Returns the timelines of runs repeated for about `duration`, at most `at_most` of them. Returns
/// `None` if the session runs on the CPU.
fn timelines(
    session: &mut Session,
    input: &[f32],
    spans: SpanKind,
    duration: Duration,
    at_most: usize,
) -> Result<Option<Vec<Timeline>>, Error> {
    let began = Instant::now();
    let mut timelines = vec![];
    let mut implausible = 0;
    loop {
        let done = timelines.len();
        let elapsed = began.elapsed();
        let few = done < AT_LEAST && (done == 0 || elapsed < LONG_ENOUGH);
        if !few && (elapsed >= duration || done >= at_most) {
            return Ok(Some(timelines));
        }
        match session.timed_run(input, spans) {
            Ok(Some(timeline)) => timelines.push(timeline),
            Ok(None) => return Ok(None),
            Err(error) => match error.downcast_ref() {
                Some(GpuError::Clock { .. }) if implausible < MAX_IMPLAUSIBLE => implausible += 1,
                _ => return Err(error),
            },
        }
    }
}

/// GPU times of whole runs.
pub(super) struct GpuTimes {
    pub clock: Clock,
    pub gpu: Stats,
    /// The median host time of these runs, in milliseconds: from before the submission until the
    /// host knew that the run had ended.
    wall_ms: f64,
}

/// The plausible ratios of GPU time to host time. GPU time cannot exceed the host's time for the
/// same run. GPU time far below a long wait of the host is implausible, too.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = 0.02..=1.2;

/// The part of the host's wait that is not GPU work, in milliseconds.
const ROUND_TRIP: f64 = 1.0;

impl GpuTimes {
    /// Returns the reason why these times are implausible, or `None` if they are plausible.
    pub fn implausibility(&self) -> Option<String> {
        let gpu = self.gpu.median;
        let wall = self.wall_ms;
        let too_long = gpu > PLAUSIBLE.end() * wall + ROUND_TRIP;
        let too_short = gpu < PLAUSIBLE.start() * (wall - ROUND_TRIP);
        (too_long || too_short).then(|| {
            format!(
                "the GPU's clock gives {gpu:.3} ms for runs that took {wall:.3} ms by the host's \
                 clock: this driver's timestamps are wrong, and are left out"
            )
        })
    }
}

/// Measures the GPU time of whole runs, with their passes as the plan has them. Returns `None` if
/// the session runs on the CPU.
pub(super) fn gpu_times(
    session: &mut Session,
    input: &[f32],
    duration: Duration,
    at_most: usize,
) -> Result<Option<GpuTimes>, Error> {
    let timelines = timelines(session, input, SpanKind::Submissions, duration, at_most)?;
    let timelines = timelines.unwrap_or_default();
    let stats = |of: fn(&Timeline) -> Duration| {
        Stats::of(timelines.iter().map(|timeline| ms(of(timeline))).collect())
    };
    let wall = stats(|t| t.wait.end.saturating_sub(t.upload.end));
    let times = stats(Timeline::gpu_time).zip(wall);
    let clock = timelines.first().map(|t| t.clock);
    Ok(times.zip(clock).map(|((gpu, wall), clock)| GpuTimes {
        clock,
        gpu,
        wall_ms: wall.median,
    }))
}

/// Measures the GPU time of each step, with each step in its own pass. Also returns the run with
/// the median GPU time. Returns `None` if the session runs on the CPU.
pub fn profile(
    session: &mut Session,
    input: &[f32],
    duration: Duration,
    at_most: usize,
) -> Result<Option<(Profile, Timeline)>, Error> {
    let timelines = timelines(session, input, SpanKind::Steps, duration, at_most)?;
    let mut timelines = timelines.unwrap_or_default();
    let Some(plan) = session.plan().filter(|_| !timelines.is_empty()) else {
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
    let repetitions = timelines.len();
    let median_run = timelines.swap_remove(repetitions / 2);
    let profile = Profile {
        clock: median_run.clock,
        repetitions,
        total_ms,
        steps,
    };
    Ok(Some((profile, median_run)))
}

fn step_time(step: &Step, ms: f64) -> StepTime {
    let s = step.output;
    let per_time = |value: f64| if ms > 0.0 { value } else { 0.0 };
    StepTime {
        layer: step.label(),
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
    /// Sets each step's ceiling from the device's peaks.
    pub fn set_ceilings(&mut self, peaks: &Peaks) {
        let fma = peaks.fma_f32_gflops;
        let bandwidth = peaks.memory_gbytes_per_second;
        for step in &mut self.steps {
            let ceiling = ceiling_ms(step.macs, step.bytes, fma, bandwidth);
            step.ceiling_ms = Some(ceiling);
            step.roofline_percent = (step.ms > 0.0).then(|| 100.0 * ceiling / step.ms);
        }
    }

    /// Returns the sum of the ceilings, or `None` if a step has none.
    pub fn ceiling_ms(&self) -> Option<f64> {
        self.steps.iter().map(|s| s.ceiling_ms).sum()
    }
}

impl Row {
    /// Sets the ceilings of the row and its steps from the device's peaks.
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
