//! The timed loops. The loops call only the session and the clock, which a test verifies by
//! replacing both with fakes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::result::Repetitions;
use resnet_wgpu::{Error, Run, Session};

/// The object that the loop times: a [`Session`], or a fake in tests.
pub(super) trait Target {
    /// A batch in flight.
    type Run;

    fn start(&mut self, input: &[f32]) -> Result<Self::Run, Error>;
    fn finish(&mut self, run: Self::Run, read: impl FnOnce(&[f32])) -> Result<(), Error>;
}

impl Target for Session {
    type Run = Run;

    fn start(&mut self, input: &[f32]) -> Result<Run, Error> {
        Session::start(self, input)
    }

    fn finish(&mut self, run: Run, read: impl FnOnce(&[f32])) -> Result<(), Error> {
        run.finish(|outputs| read(outputs.logits()))
    }
}

/// A source of time: the host's clock, or a fake in tests.
pub(super) trait TimeSource {
    /// Returns the time since a fixed but arbitrary moment.
    fn now(&mut self) -> Duration;
}

/// The host's clock.
pub(super) struct HostClock(pub Instant);

impl TimeSource for HostClock {
    fn now(&mut self) -> Duration {
        self.0.elapsed()
    }
}

/// The number of repetitions: as many as fit into a duration, between a minimum and a maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepetitionLimits {
    /// The duration after which repetition stops, within the bounds below.
    pub duration: Duration,
    /// The fewest repetitions, even if they take longer than `duration`.
    pub at_least: usize,
    /// The most repetitions, even if `duration` has not elapsed.
    pub at_most: usize,
}

impl RepetitionLimits {
    /// Repeats exactly `n` times.
    pub fn exactly(n: usize) -> Self {
        Self {
            duration: Duration::ZERO,
            at_least: n,
            at_most: n,
        }
    }

    /// Converts this value to the form that results store.
    pub fn repetitions(&self) -> Repetitions {
        Repetitions {
            seconds: self.duration.as_secs_f64(),
            at_least: self.at_least,
            at_most: self.at_most,
        }
    }

    fn are_reached(&self, done: usize, elapsed: Duration) -> bool {
        done >= self.at_most || (done >= self.at_least && elapsed >= self.duration)
    }
}

/// The timings of one timed loop.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Timings {
    /// The time of each batch, from before its upload until its logits were read.
    pub total: Vec<Duration>,
    /// The time of each batch, from before its upload until its submission was done.
    pub encode: Vec<Duration>,
    /// The duration of the whole loop.
    pub elapsed: Duration,
}

/// The number of samples for which memory is allocated before the clock starts.
const SAMPLE_CAPACITY: usize = 1 << 14;

/// Times batches and keeps up to `in_flight` of them in flight. Batches use the `inputs` in turns.
/// On return, `logits` holds the last logits of each input.
pub(super) fn time_batches(
    target: &mut impl Target,
    clock: &mut impl TimeSource,
    inputs: &[Vec<f32>],
    in_flight: usize,
    limits: &RepetitionLimits,
    logits: &mut [Vec<f32>],
) -> Result<Timings, Error> {
    let mut timings = Timings {
        total: Vec::with_capacity(SAMPLE_CAPACITY),
        encode: Vec::with_capacity(SAMPLE_CAPACITY),
        elapsed: Duration::ZERO,
    };
    // The batches in flight, oldest first, each with its start time.
    let mut pending = VecDeque::with_capacity(in_flight);
    let mut started = 0;
    let mut finished = 0;
    let began = clock.now();
    let mut now = began;
    loop {
        while started - finished < in_flight && !limits.are_reached(started, now - began) {
            pending.push_back((now, target.start(&inputs[started % inputs.len()])?));
            let submitted = clock.now();
            timings.encode.push(submitted - now);
            now = submitted;
            started += 1;
        }
        let Some((since, run)) = pending.pop_front() else {
            break;
        };
        let into = &mut logits[finished % inputs.len()];
        target.finish(run, |logits| {
            into.clear();
            into.extend_from_slice(logits);
        })?;
        now = clock.now();
        timings.total.push(now - since);
        finished += 1;
    }
    timings.elapsed = now - began;
    Ok(timings)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// A session and clock that log their calls. Each reading of the clock is 1 ms later.
    struct Fake<'a> {
        log: &'a RefCell<Vec<String>>,
        time: Duration,
    }

    impl Target for Fake<'_> {
        /// The input of the run.
        type Run = f32;

        fn start(&mut self, input: &[f32]) -> Result<f32, Error> {
            self.log.borrow_mut().push(format!("start {}", input[0]));
            Ok(input[0])
        }

        fn finish(&mut self, input: f32, read: impl FnOnce(&[f32])) -> Result<(), Error> {
            self.log.borrow_mut().push(format!("finish {input}"));
            read(&[10.0 * input]);
            Ok(())
        }
    }

    impl TimeSource for Fake<'_> {
        fn now(&mut self) -> Duration {
            self.log.borrow_mut().push("clock".into());
            self.time += Duration::from_millis(1);
            self.time
        }
    }

    fn run(
        inputs: &[Vec<f32>],
        in_flight: usize,
        limits: RepetitionLimits,
    ) -> (Vec<String>, Timings, Vec<Vec<f32>>) {
        let log = RefCell::new(vec![]);
        let fake = || Fake {
            log: &log,
            time: Duration::ZERO,
        };
        let mut logits = vec![vec![]; inputs.len()];
        let timings = time_batches(
            &mut fake(),
            &mut fake(),
            inputs,
            in_flight,
            &limits,
            &mut logits,
        );
        (log.take(), timings.unwrap(), logits)
    }

    #[test]
    fn latency_only_calls_the_session_and_reads_the_clock() {
        let (log, timings, logits) = run(&[vec![1.0]], 1, RepetitionLimits::exactly(2));
        let one = ["start 1", "clock", "finish 1", "clock"];
        assert_eq!(log[0], "clock");
        assert_eq!(log[1..], [one, one].concat());
        let ms = Duration::from_millis;
        assert_eq!(timings.encode, [ms(1), ms(1)]);
        assert_eq!(timings.total, [ms(2), ms(2)]);
        assert_eq!(timings.elapsed, ms(4));
        assert_eq!(logits, [[10.0]]);
    }

    #[test]
    fn throughput_keeps_batches_in_flight_and_drains_them() {
        let (log, timings, logits) = run(&[vec![1.0], vec![2.0]], 2, RepetitionLimits::exactly(3));
        let calls: Vec<_> = log.iter().filter(|call| *call != "clock").collect();
        let expected = [
            "start 1", "start 2", "finish 1", "start 1", "finish 2", "finish 1",
        ];
        assert_eq!(calls, expected);
        assert_eq!((timings.total.len(), timings.encode.len()), (3, 3));
        assert_eq!(logits, [[10.0], [20.0]]);
    }

    #[test]
    fn repetitions_follow_the_time_within_their_bounds() {
        let limits = |ms, at_least, at_most| RepetitionLimits {
            duration: Duration::from_millis(ms),
            at_least,
            at_most,
        };
        // By the fake clock, a batch takes 2 ms.
        for (limits, expected) in [
            (limits(7, 1, 100), 4),
            (limits(7, 6, 100), 6),
            (limits(1000, 1, 5), 5),
        ] {
            let (_, timings, _) = run(&[vec![1.0]], 1, limits);
            assert_eq!(timings.total.len(), expected, "{limits:?}");
        }
    }
}
