//! Runs of the network in frames, and what came of them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use resnet_wgpu::Prediction;

/// How a run is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Slices that were recorded.
    pub slices: usize,
    /// What `Recorder::slices` said of its budget.
    pub expected: usize,
    pub began: Instant,
}

/// What came of them.
#[derive(Default)]
pub struct Answers {
    pub top: Vec<Prediction>,
    pub count: usize,
    /// The last answer's run.
    pub run: Option<Run>,
    /// From the first slice to the answer.
    pub latency: Duration,
    /// Runs that took another number of slices than was said.
    pub miscounted: usize,
    /// When the last answers came, for their rate.
    recent: VecDeque<Instant>,
}

impl Answers {
    /// Answers a second, over the last two seconds.
    pub fn rate(&self) -> f64 {
        match (self.recent.front(), self.recent.back()) {
            (Some(first), Some(last)) if last > first => {
                (self.recent.len() - 1) as f64 / (*last - *first).as_secs_f64()
            }
            _ => 0.0,
        }
    }

    pub fn take_in(&mut self, top: Vec<Prediction>, run: Run, now: Instant) {
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

    /// What was said is of another time. What was counted stays.
    pub fn forget(&mut self) {
        self.top.clear();
        self.recent.clear();
    }
}
