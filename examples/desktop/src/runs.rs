//! Runs of the network in frames, and their answers.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use resnet_wgpu::Prediction;

/// The slices of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlicedRun {
    /// The number of slices that were recorded.
    pub slices: usize,
    /// The number of slices that `Recorder::slices` predicted for the budget.
    pub expected: usize,
    pub began: Instant,
}

/// The answers of the runs.
#[derive(Default)]
pub struct Answers {
    pub top: Vec<Prediction>,
    pub count: usize,
    /// The run of the last answer.
    pub run: Option<SlicedRun>,
    /// The time from the first slice to the answer.
    pub latency: Duration,
    /// The number of runs whose slice count differed from the prediction.
    pub miscounted: usize,
    /// The arrival times of the last answers, for their rate.
    recent: VecDeque<Instant>,
}

impl Answers {
    /// Returns the answers a second, over the last two seconds.
    pub fn rate(&self) -> f64 {
        match (self.recent.front(), self.recent.back()) {
            (Some(first), Some(last)) if last > first => {
                (self.recent.len() - 1) as f64 / (*last - *first).as_secs_f64()
            }
            _ => 0.0,
        }
    }

    pub fn add(&mut self, top: Vec<Prediction>, run: SlicedRun, now: Instant) {
        self.top = top;
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

    /// Forgets the last answer, which no longer applies. The counts stay.
    pub fn forget(&mut self) {
        self.top.clear();
        self.recent.clear();
    }
}
