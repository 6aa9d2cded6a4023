//! Candidates that were measured to be the fastest, as planning takes them.

use std::collections::HashMap;

use crate::kernels::{Candidate, ConvProblem};

/// For each convolution that was measured, the candidate that won; of one
/// device and one precision. [`Tuning`](crate::tune::Tuning) is what keeps
/// them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Winners(HashMap<ConvProblem, Candidate>);

impl Winners {
    /// The winner of exactly that problem.
    pub fn get(&self, problem: &ConvProblem) -> Option<Candidate> {
        self.0.get(problem).copied()
    }

    /// How many problems have one.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(ConvProblem, Candidate)> for Winners {
    fn from_iter<I: IntoIterator<Item = (ConvProblem, Candidate)>>(winners: I) -> Self {
        Self(winners.into_iter().collect())
    }
}
