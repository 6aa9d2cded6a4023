//! Small kernels that measure a device. Each kernel runs once, reports its duration and checks its
//! result. `resnet-wgpu-bench` chooses repetitions and sizes, and evaluates the results.

mod cooperative;
mod cooperative_device;
mod copy;
mod dispatch_overhead;
mod fma;
mod rig;
mod run;
mod stopwatch;
mod transfers;

pub use cooperative::{CooperativePeak, CooperativeShape};
pub use cooperative_device::{CooperativeDevice, cooperative};
pub use copy::CopyPeak;
pub use dispatch_overhead::{DispatchOverhead, round_trips};
pub use fma::{FmaPeak, FmaShape};
pub use rig::Rig;
pub use run::PeakRun;
pub use stopwatch::PassDuration;
pub use transfers::TransferPeak;
