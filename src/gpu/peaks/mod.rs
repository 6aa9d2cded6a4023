//! Small kernels that measure a device: each knows how to run once, for how
//! long, and whether what it computed is right. How often, in what sizes and
//! what it comes to is the matter of `resnet-wgpu-bench`.

mod cooperative;
mod copy;
mod fma;
mod offer;
mod overheads;
mod rig;
mod run;
mod stopwatch;
mod transfers;

pub use cooperative::{Cooperative, CooperativeShape};
pub use copy::Copy;
pub use fma::{Fma, FmaShape};
pub use offer::{Offer, cooperative};
pub use overheads::{Tick, round_trips};
pub use rig::Rig;
pub use run::PeakRun;
pub use stopwatch::Elapsed;
pub use transfers::Transfers;
