//! The timed loops. They call the session and read the clock, and nothing
//! else: a test puts fakes in place of both and sees it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::result::Repetitions;
use resnet_wgpu::{Error, Run, Session};

/// What is timed: a [`Session`], or a test's fake.
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

/// What tells the time: the host's clock, or a test's fake.
pub(super) trait Watch {
    /// Time since some moment.
    fn now(&mut self) -> Duration;
}

/// The host's clock.
pub(super) struct HostWatch(pub Instant);

impl Watch for HostWatch {
    fn now(&mut self) -> Duration {
        self.0.elapsed()
    }
}

/// How often to repeat: for a while, within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeat {
    /// For that long,
    pub duration: Duration,
    /// but so often at least,
    pub at_least: usize,
    /// and at most.
    pub at_most: usize,
}

impl Repeat {
    /// Exactly so often.
    pub fn times(n: usize) -> Self {
        Self {
            duration: Duration::ZERO,
            at_least: n,
            at_most: n,
        }
    }

    /// As results say it.
    pub fn repetitions(&self) -> Repetitions {
        Repetitions {
            seconds: self.duration.as_secs_f64(),
            at_least: self.at_least,
            at_most: self.at_most,
        }
    }

    fn enough(&self, done: usize, elapsed: Duration) -> bool {
        done >= self.at_most || (done >= self.at_least && elapsed >= self.duration)
    }
}

/// What a timed loop took.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Timings {
    /// Of each batch: from before its upload until its logits were read.
    pub total: Vec<Duration>,
    /// Of each batch: until it was submitted.
    pub encode: Vec<Duration>,
    /// Of the whole loop.
    pub elapsed: Duration,
}

/// Samples that are made room for before the clock runs.
const ROOM: usize = 1 << 14;

/// Times batches, `in_flight` of them at a time, taking turns between the
/// `inputs`. `logits` holds the last logits of each input when it is done.
pub(super) fn timed(
    target: &mut impl Target,
    watch: &mut impl Watch,
    inputs: &[Vec<f32>],
    in_flight: usize,
    repeat: &Repeat,
    logits: &mut [Vec<f32>],
) -> Result<Timings, Error> {
    let mut timings = Timings {
        total: Vec::with_capacity(ROOM),
        encode: Vec::with_capacity(ROOM),
        elapsed: Duration::ZERO,
    };
    // Batches in flight, oldest first, and when each began.
    let mut begun = VecDeque::with_capacity(in_flight);
    let (mut started, mut finished) = (0, 0);
    let began = watch.now();
    let mut now = began;
    loop {
        while started - finished < in_flight && !repeat.enough(started, now - began) {
            begun.push_back((now, target.start(&inputs[started % inputs.len()])?));
            let submitted = watch.now();
            timings.encode.push(submitted - now);
            now = submitted;
            started += 1;
        }
        let Some((since, run)) = begun.pop_front() else {
            break;
        };
        let into = &mut logits[finished % inputs.len()];
        target.finish(run, |logits| {
            into.clear();
            into.extend_from_slice(logits);
        })?;
        now = watch.now();
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

    /// Writes down what is called; each reading of the clock is 1 ms later.
    struct Fake<'a> {
        log: &'a RefCell<Vec<String>>,
        time: Duration,
    }

    impl Target for Fake<'_> {
        /// Its input.
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

    impl Watch for Fake<'_> {
        fn now(&mut self) -> Duration {
            self.log.borrow_mut().push("clock".into());
            self.time += Duration::from_millis(1);
            self.time
        }
    }

    fn run(
        inputs: &[Vec<f32>],
        in_flight: usize,
        repeat: Repeat,
    ) -> (Vec<String>, Timings, Vec<Vec<f32>>) {
        let log = RefCell::new(vec![]);
        let fake = || Fake {
            log: &log,
            time: Duration::ZERO,
        };
        let mut logits = vec![vec![]; inputs.len()];
        let (mut target, mut watch) = (fake(), fake());
        let timings = timed(
            &mut target,
            &mut watch,
            inputs,
            in_flight,
            &repeat,
            &mut logits,
        );
        (log.take(), timings.unwrap(), logits)
    }

    #[test]
    fn latency_only_calls_the_session_and_reads_the_clock() {
        let (log, timings, logits) = run(&[vec![1.0]], 1, Repeat::times(2));
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
        let (log, timings, logits) = run(&[vec![1.0], vec![2.0]], 2, Repeat::times(3));
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
        let repeat = |ms, at_least, at_most| Repeat {
            duration: Duration::from_millis(ms),
            at_least,
            at_most,
        };
        // A batch takes 2 ms by the fake's clock.
        for (repeat, expected) in [
            (repeat(7, 1, 100), 4),
            (repeat(7, 6, 100), 6),
            (repeat(1000, 1, 5), 5),
        ] {
            let (_, timings, _) = run(&[vec![1.0]], 1, repeat);
            assert_eq!(timings.total.len(), expected, "{repeat:?}");
        }
    }
}
