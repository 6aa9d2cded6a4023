//! Timing of all candidates for one shape.
//!
//! Each candidate is first compared with the CPU reference: a candidate with wrong results cannot
//! win. Then a few samples are taken, and clearly slower candidates are dropped. The fastest few
//! are timed again in alternating rounds, so that a change of clock rate or another program affects
//! all of them equally.

use std::time::Duration;
use web_time::Instant;

use super::trial::{DeviceTrial, Trial};
use super::{ShapeReport, Timing, TuneOptions, TuningOutcome};
use crate::error::Error;
use crate::gpu::{Clock, Gpu, GpuError, StepTimes};
use crate::kernels::Candidate;
use crate::kernels::Scalar;
use crate::plan::{ConvShape, PlanError, PlanOptions, candidates, selected_candidate};
use crate::verify::tolerance;

/// The ratio to the best time above which a candidate is timed only once.
const CLEARLY_SLOWER: f64 = 3.0;

/// The ratio to the best time up to which candidates are timed in rounds.
const NEAR: f64 = 1.5;

/// The largest number of candidates in the rounds. Each of them holds weights and activations in
/// memory.
const FINALISTS: usize = 5;

/// The number of samples of a candidate before the rounds.
const SAMPLES: usize = 3;

/// The smallest and the largest number of rounds.
const ROUNDS: [usize; 2] = [3, 50];

/// The shortest useful sample in milliseconds. Shorter dispatches are repeated within one sample.
const SAMPLE_MS: f64 = 0.5;

/// The largest number of repetitions within a sample.
const REPEAT: f64 = 64.0;

/// The ratio of times below which the fastest candidate replaces the choice of the rules. A smaller
/// gain is within the noise.
const WORTH_IT: f64 = 0.97;

/// The plausible ratios of GPU time to host time. A larger GPU time is impossible. A much smaller
/// one is implausible if the host waited long.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = 0.02..=1.2;

/// The host's waiting time for any submission, in milliseconds.
const ROUND_TRIP: f64 = 1.0;

/// The reason why a measurement ends early.
enum MeasureError {
    Error(Error),
    /// GPU timestamps are unavailable or implausible.
    NoClock,
}

impl From<Error> for MeasureError {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Times every candidate that computes the shape on the device.
///
/// # Errors
/// [`ErrorKind::DeviceLost`](crate::ErrorKind::DeviceLost) if the device fails. A candidate that
/// computes wrong results, or that the device refuses, is an [`TuningOutcome::Failed`] instead.
pub fn measure(gpu: &Gpu, shape: &ConvShape, options: &TuneOptions) -> Result<ShapeReport, Error> {
    match measure_by(gpu, shape, options, Clock::Timestamps) {
        Ok(report) => Ok(report),
        Err(MeasureError::Error(error)) => Err(error),
        Err(MeasureError::NoClock) => match measure_by(gpu, shape, options, Clock::Wall) {
            Ok(report) => Ok(report),
            Err(MeasureError::Error(error)) => Err(error),
            Err(MeasureError::NoClock) => Err(GpuError::Clock {
                device: gpu.describe(),
            }
            .into()),
        },
    }
}

fn measure_by(
    gpu: &Gpu,
    shape: &ConvShape,
    options: &TuneOptions,
    clock: Clock,
) -> Result<ShapeReport, MeasureError> {
    let trial = Trial::new(&shape.problem)?;
    let precision = options.precision;
    let by_rules = PlanOptions {
        precision,
        ..PlanOptions::default()
    };
    let rules = selected_candidate(&shape.problem, gpu.profile(), &by_rules);
    let mut order = candidates(&shape.problem, gpu.profile(), precision);
    // The choice of the rules comes first. Few candidates are nearly as fast, so slow candidates
    // are recognized early.
    order.sort_by_key(|c| Some(c.name) != rules.map(|r| r.name));

    let mut timings: Vec<Timing> = vec![];
    let mut best = f64::INFINITY;
    for candidate in &order {
        let outcome = match ready(&trial, gpu, *candidate, precision)? {
            Err(why) => TuningOutcome::Failed(why),
            Ok(mut device_trial) => {
                let limit = if options.thorough {
                    f64::INFINITY
                } else {
                    CLEARLY_SLOWER * best
                };
                let (ms, samples) = first_times(&mut device_trial, clock, limit)?;
                best = best.min(ms);
                TuningOutcome::Timed { ms, samples }
            }
        };
        timings.push(Timing {
            candidate: candidate.name,
            outcome,
        });
    }
    rounds(&trial, gpu, &order, &mut timings, options, clock)?;

    timings.sort_by(|a, b| order_of(a).total_cmp(&order_of(b)));
    let rules = rules.map(|c| c.name);
    Ok(ShapeReport {
        problem: shape.problem,
        precision: precision.name().into(),
        layers: shape.layers.clone(),
        clock,
        rules,
        winner: winner(&timings, rules),
        timings,
    })
}

/// Returns the candidate ready for timing, or the reason why it cannot win. Returns an error if the
/// device itself failed.
fn ready(
    trial: &Trial,
    gpu: &Gpu,
    candidate: Candidate,
    precision: Scalar,
) -> Result<Result<DeviceTrial, String>, Error> {
    match trial.on(gpu, candidate, precision) {
        Ok(device_trial) if device_trial.difference.within(tolerance(precision)) => {
            Ok(Ok(device_trial))
        }
        Ok(device_trial) => Ok(Err(format!(
            "it computes wrongly: off by {:.1e} of the largest value",
            device_trial.difference.relative()
        ))),
        Err(error) if is_of_candidate(&error) => {
            // wgpu's messages may be pages long; the first line names the problem.
            let text = error.to_string();
            Ok(Err(text.lines().next().unwrap_or_default().to_owned()))
        }
        Err(error) => Err(error),
    }
}

/// Returns whether an error concerns only one candidate, so that others may run.
fn is_of_candidate(error: &Error) -> bool {
    let plan = matches!(
        error.downcast_ref(),
        Some(
            PlanError::TooLarge { .. }
                | PlanError::WeightTooLarge { .. }
                | PlanError::TooManyWorkgroups { .. }
        )
    );
    let gpu = matches!(
        error.downcast_ref(),
        Some(GpuError::Kernel { .. } | GpuError::OutOfMemory { .. } | GpuError::Refused { .. })
    );
    plan || gpu
}

/// Returns the median of the samples and their number. If the first time exceeds `limit`, that time
/// is returned as a single sample.
fn first_times(
    device_trial: &mut DeviceTrial,
    clock: Clock,
    limit: f64,
) -> Result<(f64, usize), MeasureError> {
    // The device trial has already run once, so no compilation is included. The better of two times
    // is used, because the memory may still be cold.
    let first = sample(device_trial, clock, 1)?.min(sample(device_trial, clock, 1)?);
    if first > limit {
        return Ok((first, 1));
    }
    let times = repeat(first);
    let samples = (0..SAMPLES).map(|_| sample(device_trial, clock, times));
    Ok((median(samples.collect::<Result<_, _>>()?), SAMPLES))
}

/// Times the fastest candidates in alternating rounds.
fn rounds(
    trial: &Trial,
    gpu: &Gpu,
    order: &[Candidate],
    timings: &mut [Timing],
    options: &TuneOptions,
    clock: Clock,
) -> Result<(), MeasureError> {
    let mut finalists = vec![];
    for i in near(timings) {
        if let Ok(device_trial) = ready(trial, gpu, order[i], options.precision)? {
            let times = repeat(order_of(&timings[i]));
            finalists.push((i, device_trial, times, vec![]));
        }
    }
    if finalists.len() < 2 {
        return Ok(());
    }
    let began = Instant::now();
    let [at_least, at_most] = ROUNDS;
    let mut done = 0;
    while done < at_most && (done < at_least || began.elapsed() < options.time) {
        for (_, device_trial, times, samples) in &mut finalists {
            samples.push(sample(device_trial, clock, *times)?);
        }
        done += 1;
    }
    for (i, _, _, samples) in finalists {
        timings[i].outcome = TuningOutcome::Timed {
            samples: samples.len(),
            ms: median(samples),
        };
    }
    Ok(())
}

/// Returns the indices of the fastest candidate and of those with nearly the same time. The choice
/// of the rules, at index 0, is always included if it was timed.
fn near(timings: &[Timing]) -> Vec<usize> {
    let mut fast: Vec<usize> = (0..timings.len()).collect();
    fast.sort_by(|&a, &b| order_of(&timings[a]).total_cmp(&order_of(&timings[b])));
    let best = fast.first().map_or(0.0, |&i| order_of(&timings[i]));
    fast.retain(|&i| order_of(&timings[i]) <= NEAR * best);
    fast.truncate(FINALISTS);
    let timed = |i: usize| timings.get(i).is_some_and(|t| t.ms().is_some());
    if timed(0) && !fast.contains(&0) {
        fast.push(0);
    }
    fast.retain(|&i| timed(i));
    fast
}

/// Returns the fastest candidate, or the choice of the rules if it is nearly as fast.
fn winner(sorted: &[Timing], rules: Option<&'static str>) -> Option<&'static str> {
    let best = sorted.first()?;
    let best_ms = best.ms()?;
    let by_rules = sorted.iter().find(|t| Some(t.candidate) == rules);
    match by_rules.and_then(|t| Some((t.candidate, t.ms()?))) {
        Some((name, ms)) if best_ms > WORTH_IT * ms => Some(name),
        _ => Some(best.candidate),
    }
}

/// Returns the time for sorting candidates. Candidates without a time come last.
fn order_of(timing: &Timing) -> f64 {
    timing.ms().unwrap_or(f64::INFINITY)
}

/// Returns the number of repetitions in a sample for a dispatch of `ms` milliseconds.
fn repeat(ms: f64) -> usize {
    (SAMPLE_MS / ms).ceil().clamp(1.0, REPEAT) as usize
}

/// Returns the milliseconds of one run, averaged over `times` runs in one submission.
fn sample(device_trial: &mut DeviceTrial, clock: Clock, times: usize) -> Result<f64, MeasureError> {
    match device_trial.time(times) {
        Ok(time) => {
            let ms = by(&time, clock).ok_or(MeasureError::NoClock)?;
            Ok(ms / times as f64)
        }
        Err(error) if matches!(error.downcast_ref(), Some(GpuError::Clock { .. })) => {
            Err(MeasureError::NoClock)
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns the milliseconds by the given clock, or `None` if the clock is implausible.
fn by(time: &StepTimes, clock: Clock) -> Option<f64> {
    let ms = |d: Duration| d.as_secs_f64() * 1e3;
    let wall = ms(time.wall);
    match clock {
        Clock::Wall => Some(wall),
        Clock::Timestamps => {
            let gpu = ms(time.gpu?);
            let too_long = gpu > PLAUSIBLE.end() * wall + ROUND_TRIP;
            let too_short = gpu <= 0.0 || gpu < PLAUSIBLE.start() * (wall - ROUND_TRIP);
            (!too_long && !too_short).then_some(gpu)
        }
    }
}

/// Returns the median; for an even number of samples, the upper of the two middle ones.
fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    let middle = samples.len() / 2;
    samples.get(middle).copied().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timed(candidate: &'static str, ms: f64) -> Timing {
        Timing {
            candidate,
            outcome: TuningOutcome::Timed { ms, samples: 3 },
        }
    }

    fn failed(candidate: &'static str) -> Timing {
        Timing {
            candidate,
            outcome: TuningOutcome::Failed("it computes wrongly".into()),
        }
    }

    #[test]
    fn the_fastest_wins_where_it_is_worth_it() {
        let near = [timed("a", 9.9), timed("b", 10.0)];
        assert_eq!(winner(&near, Some("b")), Some("b"));
        assert_eq!(winner(&near, None), Some("a"));
        let far = [timed("a", 9.0), timed("b", 10.0)];
        assert_eq!(winner(&far, Some("b")), Some("a"));
        // A choice of the rules with wrong results never wins.
        assert_eq!(
            winner(&[timed("a", 9.0), failed("b")], Some("b")),
            Some("a")
        );
        assert_eq!(winner(&[failed("b")], Some("b")), None);
        assert_eq!(winner(&[], None), None);
    }

    #[test]
    fn rounds_are_of_the_nearest_and_of_what_the_rules_choose() {
        let timings = [
            timed("rules", 9.0),
            failed("wrong"),
            timed("best", 1.0),
            timed("near", 1.4),
            timed("far", 2.0),
        ];
        assert_eq!(near(&timings), [2, 3, 0]);
        let many: Vec<Timing> = (0..9).map(|_| timed("x", 1.0)).collect();
        assert_eq!(near(&many).len(), FINALISTS);
        assert!(near(&[failed("a")]).is_empty());
        assert!(near(&[]).is_empty());
    }

    #[test]
    fn clocks_that_cannot_be_right_are_not_believed() {
        let time = |gpu: Option<u64>, wall| StepTimes {
            gpu: gpu.map(Duration::from_micros),
            wall: Duration::from_micros(wall),
        };
        let gpu = |gpu, wall| by(&time(gpu, wall), Clock::Timestamps);
        assert_eq!(gpu(Some(2000), 2500), Some(2.0));
        assert_eq!(gpu(Some(5), 900), Some(0.005));
        assert_eq!(gpu(None, 900), None);
        assert_eq!(gpu(Some(0), 900), None);
        assert_eq!(gpu(Some(9000), 2500), None);
        assert_eq!(gpu(Some(10), 90_000), None);
        assert_eq!(by(&time(None, 900), Clock::Wall), Some(0.9));
    }

    #[test]
    fn samples_are_long_enough() {
        assert_eq!([repeat(0.2), repeat(0.5), repeat(7.0)], [3, 1, 1]);
        assert_eq!([repeat(1e-6), repeat(0.0)], [64, 64]);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![]), f64::INFINITY);
    }
}
