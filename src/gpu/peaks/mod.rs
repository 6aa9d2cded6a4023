//! Small kernels that measure a device. Each kernel runs once, reports its duration and checks its
//! result. `resnet-wgpu-bench` chooses repetitions and sizes, and evaluates the results.

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
