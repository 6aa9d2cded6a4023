//! The submissions of runs that a thread may wait for.

use std::collections::VecDeque;

/// Submissions to remember, at most. Runs that are dropped leave theirs behind.
const MOST: usize = 256;

/// Submissions in their order, which is the order in which they complete.
#[derive(Debug)]
pub(super) struct Submissions {
    next: u64,
    waiting: VecDeque<(u64, wgpu::SubmissionIndex)>,
}

impl Default for Submissions {
    fn default() -> Self {
        Self {
            next: 0,
            waiting: VecDeque::with_capacity(MOST),
        }
    }
}

impl Submissions {
    /// Adds the newest submission, and returns its number.
    pub fn add(&mut self, submitted: wgpu::SubmissionIndex) -> u64 {
        if self.waiting.len() == MOST {
            self.waiting.pop_front();
        }
        let number = self.next;
        self.next += 1;
        self.waiting.push_back((number, submitted));
        number
    }

    /// The number of submissions so far.
    pub fn count(&self) -> u64 {
        self.next
    }

    /// Removes the submission of this number and those before it.
    pub fn complete(&mut self, number: u64) {
        while self.waiting.front().is_some_and(|(n, _)| *n <= number) {
            self.waiting.pop_front();
        }
    }

    /// The oldest submission, with its number.
    pub fn oldest(&self) -> Option<(u64, wgpu::SubmissionIndex)> {
        self.waiting.front().cloned()
    }
}
