//! Small kernels that measure a device: each knows how to run once, for how
//! long, and whether what it computed is right. How often, in what sizes and
//! what it comes to is the matter of `resnet-wgpu-bench`.

mod cooperative;
mod copy;
mod fma;
mod overheads;
mod rig;
mod stopwatch;
mod transfers;

pub use super::audited::cooperative;
pub use cooperative::{Cooperative, CooperativeShape};
pub use copy::Copy;
pub use fma::{Fma, FmaShape};
pub use overheads::{Tick, round_trips};
pub use rig::Rig;
pub use stopwatch::Elapsed;
pub use transfers::Transfers;

/// What one timed run did, and in what time.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Floating-point operations, or bytes.
    pub amount: f64,
    /// In what time.
    pub elapsed: Elapsed,
}
