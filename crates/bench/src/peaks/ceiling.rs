//! The arithmetic of ceilings, without any device: the amount of work that gives a reliable time,
//! and the summary of several runs.

use std::time::Instant;

use crate::Clock;
use resnet_wgpu::low_level::gpu::GpuError;
use resnet_wgpu::low_level::peaks::PassDuration;
use resnet_wgpu::low_level::peaks::PeakRun;

/// The shortest sufficient duration of a run in seconds. Round trips and clock ticks are at most a
/// few percent of this duration.
const MIN_SECONDS: f64 = 0.025;
/// The longest intended duration of a run in seconds. Longer runs could come close to the limit at
/// which an operating system assumes a hang.
const MAX_SECONDS: f64 = 0.05;
/// The most runs at the full size.
const RUNS: usize = 5;
/// The highest level. Work doubles with each level, and this level exceeds the capacity of any
/// device.
pub(super) const LEVELS: u32 = 24;

/// Returns the level to try after a run at `level` that took `wall` seconds by the host's clock.
/// Returns `None` if the run was long enough.
fn next_level(level: u32, wall: f64) -> Option<u32> {
    if wall >= MIN_SECONDS || level >= LEVELS {
        return None;
    }
    // Grow at most eightfold. A first run may have been slow for other reasons, or fast because the
    // device was not yet busy.
    let doublings = (MAX_SECONDS / wall).log2().clamp(1.0, 3.0);
    Some((level + doublings as u32).min(LEVELS))
}

/// Returns the seconds by the given clock.
pub(super) fn seconds(clock: Clock, elapsed: PassDuration) -> f64 {
    match clock {
        Clock::Timestamps => elapsed.device.unwrap_or(elapsed.wall),
        Clock::Wall => elapsed.wall,
    }
}

/// Returns the best rate of several sufficiently long runs, in 10⁹ per second. Makes at least one
/// such run, even after the deadline.
pub(super) fn ceiling(
    clock: Clock,
    deadline: Instant,
    mut run: impl FnMut(u32) -> Result<PeakRun, GpuError>,
) -> Result<f64, GpuError> {
    // One wrong timestamp must not set the ceiling, so use the host's clock for an implausible run.
    let rate = |run: PeakRun| {
        if is_plausible(run.elapsed) {
            run.amount / seconds(clock, run.elapsed) / 1e9
        } else {
            run.amount / run.elapsed.wall / 1e9
        }
    };
    // The first run is not counted, because drivers may compile during this run.
    run(0)?;
    let mut level = 0;
    let mut last = run(level)?;
    loop {
        // Run each level twice, because a scheduler can delay any single run.
        let again = run(level)?;
        let wall = last.elapsed.wall.min(again.elapsed.wall);
        last = again;
        let Some(next) = next_level(level, wall) else {
            break;
        };
        level = next;
        last = run(level)?;
    }
    let mut best = rate(last);
    for _ in 1..RUNS {
        if Instant::now() >= deadline {
            break;
        }
        best = best.max(rate(run(level)?));
    }
    Ok(best)
}

/// Returns whether the device's clock agrees with the host's clock over a long run. Some drivers
/// report a wrong period, or timestamps that are unrelated to the pass.
pub(super) fn is_plausible(elapsed: PassDuration) -> bool {
    let slack = 0.05 * elapsed.wall + 0.001;
    (elapsed.device).is_some_and(|t| t >= 0.5 * elapsed.wall - slack && t <= elapsed.wall + slack)
}

/// Returns the median, or `None` without samples.
pub(super) fn median(mut samples: Vec<f64>) -> Option<f64> {
    samples.sort_by(f64::total_cmp);
    let upper = *samples.get(samples.len() / 2)?;
    let lower = *samples.get((samples.len() - 1) / 2)?;
    Some((lower + upper) / 2.0)
}

/// Returns the seconds per dispatch, from the time `one` of a pass with one dispatch and the time
/// `all` of a pass with `times` dispatches. If noise hides the difference, the whole time is
/// divided among the dispatches, which overestimates the cost but is not 0.
pub(super) fn per_dispatch(one: f64, all: f64, times: u32) -> f64 {
    if all > one && times > 1 {
        (all - one) / f64::from(times - 1)
    } else {
        all / f64::from(times.max(1))
    }
}

/// Returns the invocations and rounds of a level. Growing levels first get longer loops, so that
/// the start of an invocation costs nothing. Then levels get more invocations, and then longer
/// loops again. `max_invocations_log2` is the logarithm of the most invocations.
pub(super) fn dispatch_size(level: u32, max_invocations_log2: u32) -> (u32, u32) {
    /// 2¹² invocations are a small dispatch on any device.
    const MIN_INVOCATIONS_LOG2: u32 = 12;
    /// 2⁵ further rounds hide the other costs of an invocation.
    const FIRST_DOUBLINGS: u32 = 5;
    let longer = level.min(FIRST_DOUBLINGS);
    let range = max_invocations_log2.saturating_sub(MIN_INVOCATIONS_LOG2);
    let wider = (level - longer).min(range);
    // Mesa ends loops after 2¹⁶ iterations.
    let rounds = (2 + level - wider).min(15);
    (1 << (MIN_INVOCATIONS_LOG2 + wider), 1 << rounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(amount: f64, wall: f64, device: Option<f64>) -> PeakRun {
        let elapsed = PassDuration { wall, device };
        PeakRun { amount, elapsed }
    }

    #[test]
    fn work_grows_until_it_is_long_enough_and_no_further() {
        for gflops in [0.5, 70.0, 60_000.0] {
            let amount = |level: u32| 1e6 * f64::from(1 << level);
            let mut levels = Vec::new();
            let best = ceiling(Clock::Wall, Instant::now(), |level| {
                levels.push(level);
                Ok(run(amount(level), amount(level) / gflops / 1e9, None))
            });
            assert!((best.unwrap() / gflops - 1.0).abs() < 1e-9);
            let last = *levels.last().unwrap();
            let wall = amount(last) / gflops / 1e9;
            assert!(
                (MIN_SECONDS..=MAX_SECONDS).contains(&wall),
                "{gflops}: {wall}"
            );
            assert!(levels.windows(2).all(|l| l[1] <= l[0] + 3));
        }
        // A device that no amount of work keeps busy.
        let best = ceiling(Clock::Wall, Instant::now(), |_| Ok(run(1.0, 1e-6, None)));
        assert!((best.unwrap() - 1e-3).abs() < 1e-12);
    }

    #[test]
    fn the_best_run_counts_by_the_clock_that_is_meant() {
        let later = Instant::now() + std::time::Duration::from_secs(60);
        for (clock, best) in [(Clock::Wall, 1.0 / 0.03), (Clock::Timestamps, 1.0 / 0.025)] {
            let mut walls = [0.04, 0.04, 0.04, 0.03, 0.04].into_iter();
            // The last timestamp is implausible, and must not set the ceiling.
            let mut ticks = [0.03, 0.03, 0.03, 0.025, 0.0001].into_iter();
            let rate = ceiling(clock, later, |_| {
                Ok(run(
                    1e9,
                    walls.next().unwrap_or(0.04),
                    Some(ticks.next().unwrap_or(0.03)),
                ))
            });
            assert!((rate.unwrap() - best).abs() < 1e-9);
        }
    }

    #[test]
    fn clocks_are_plausible_if_they_agree() {
        let elapsed = |wall, device| PassDuration { wall, device };
        assert!(is_plausible(elapsed(0.04, Some(0.0399))));
        assert!(is_plausible(elapsed(0.04, Some(0.03))));
        // A device time 1000 times too short, one 1000 times too long, and no device clock.
        assert!(!is_plausible(elapsed(0.04, Some(0.00004))));
        assert!(!is_plausible(elapsed(0.04, Some(40.0))));
        assert!(!is_plausible(elapsed(0.04, None)));
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0]), Some(3.0));
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![9.0, 1.0, 2.0, 4.0]), Some(3.0));
    }

    #[test]
    fn the_cost_of_a_dispatch_is_the_difference() {
        assert_eq!(per_dispatch(1.0, 3.0, 5), 0.5);
        assert_eq!(per_dispatch(4.0, 3.0, 4), 0.75);
        assert_eq!(per_dispatch(1.0, 3.0, 1), 3.0);
    }

    #[test]
    fn sizes_double_with_each_level() {
        assert_eq!(dispatch_size(0, 22), (1 << 12, 4));
        for widest in [17, 22] {
            for level in 0..=18 {
                let work =
                    |(invocations, rounds): (u32, u32)| u64::from(invocations) * u64::from(rounds);
                let (invocations, rounds) = dispatch_size(level, widest);
                assert_eq!(work((invocations, rounds)), 1 << (14 + level));
                assert!(invocations <= 1 << widest && rounds < 1 << 16);
            }
        }
        let (invocations, rounds) = dispatch_size(LEVELS, 12);
        assert_eq!((invocations, rounds), (1 << 12, 1 << 15));
    }
}
