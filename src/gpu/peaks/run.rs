//! The result of one timed run.

use super::stopwatch::PassDuration;

/// The work and the duration of one timed run.
#[derive(Debug, Clone, Copy)]
pub struct PeakRun {
    /// Floating-point operations, or bytes.
    pub amount: f64,
    /// The duration.
    pub elapsed: PassDuration,
}
