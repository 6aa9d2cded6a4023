//! The benchmark: what a device takes for a network, measured so that it can
//! be believed. Outputs are compared with the CPU twin before and after the
//! clock runs, every figure says how it was taken, and results carry the
//! environment that they came from.
//!
//! [`Report`] is what `resnet bench --json` writes
//! (`data/bench.schema.json` is its schema) and everything else here either
//! fills one or shows one.

mod check;
mod compare;
mod environment;
#[cfg(test)]
mod escape_tests;
#[cfg(test)]
mod fixture;
mod machine;
mod measure;
pub mod page;
mod peaks;
mod profile;
mod read;
pub mod report;
mod result;
pub mod roofline;
#[cfg(test)]
mod schema_tests;
mod start_up;
mod stats;
pub mod text;
mod timed;
mod trace;
mod verdict;

pub use check::Nonsense;
pub use compare::{
    CompareError, ComparedFile, ComparedRow, Comparison, Difference, Measure, within_noise,
};
pub use environment::CRATE_VERSION;
pub use measure::{check, measure, measure_on, work};
#[cfg(not(target_arch = "wasm32"))]
pub use peaks::peaks;
pub use peaks::peaks_on;
pub use profile::{profile, warm_up};
pub use read::{ReadError, ReportFileError};
pub use resnet_wgpu::low_level::gpu::Clock;
pub use result::{
    Check, CooperativePeak, Device, Host, Limits, Memory, NotMeasured, Peaks, Power, Profile,
    Repetitions, Report, Roofline, Row, SCHEMA_VERSION, Scenario, Startup, Startups, Stats, Status,
    StepTime, Verification, Work,
};
#[cfg(not(target_arch = "wasm32"))]
pub use start_up::start_up;
pub use start_up::{Case, Source, Started};
pub use timed::Repeat;
pub use trace::trace;
pub use verdict::reference;
