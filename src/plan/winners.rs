//! Measured fastest candidates, in the form that planning uses.

use std::collections::HashMap;

use crate::kernels::{Candidate, ConvProblem};

/// The candidate measured to be the fastest for each convolution. The measurements are for one
/// device and one precision. [`Tuning`](crate::tune::Tuning) stores them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Winners(HashMap<ConvProblem, Candidate>);

impl Winners {
    /// Returns the fastest candidate for exactly this problem, if it was measured.
    pub fn get(&self, problem: &ConvProblem) -> Option<Candidate> {
        self.0.get(problem).copied()
    }

    /// Returns the number of measured problems.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether no problem was measured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(ConvProblem, Candidate)> for Winners {
    fn from_iter<I: IntoIterator<Item = (ConvProblem, Candidate)>>(winners: I) -> Self {
        Self(winners.into_iter().collect())
    }
}
