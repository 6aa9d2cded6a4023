//! Small kernels that measure a device: each knows how to run once, for how
//! long, and whether what it computed is right. How often, in what sizes and
//! what it comes to is the matter of `bench::peaks`.

mod cooperative;
mod copy;
mod fma;
mod overheads;
mod rig;
mod stopwatch;
mod transfers;

pub(crate) use super::audited::cooperative;
pub(crate) use cooperative::{Cooperative, CooperativeShape};
pub(crate) use copy::Copy;
pub(crate) use fma::{Fma, FmaShape};
pub(crate) use overheads::{Tick, round_trips};
pub(crate) use rig::Rig;
pub(crate) use stopwatch::Elapsed;
pub(crate) use transfers::Transfers;

/// What one timed run did, and in what time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// Floating-point operations, or bytes.
    pub amount: f64,
    /// In what time.
    pub elapsed: Elapsed,
}
