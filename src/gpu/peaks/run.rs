//! One timed run.

use super::stopwatch::Elapsed;

/// What one timed run did, and in what time.
#[derive(Debug, Clone, Copy)]
pub struct PeakRun {
    /// Floating-point operations, or bytes.
    pub amount: f64,
    /// In what time.
    pub elapsed: Elapsed,
}
