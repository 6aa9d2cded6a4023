//! The benchmark: measures the speed of a network on a device, with results that can be trusted.
//! Outputs are compared with the CPU reference before and after the timed loop. Every figure names
//! its clock or method, and every result carries its environment: machine, device, driver and
//! versions.
//!
//! [`Report`] is the content of the file that `resnet bench --json` writes, and
//! `data/bench.schema.json` is the schema of that file. All other items in this crate either fill a
//! report or show one.

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
mod timing;
mod trace;
mod verification;

pub use check::ConsistencyError;
pub use compare::{
    CompareError, ComparedFile, ComparedRow, Comparison, EnvironmentDifference, Measurement,
    within_noise,
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
    Check, CooperativePeak, Device, Host, Limits, Memory, MissingFigure, Peaks, Power, Profile,
    Repetitions, Report, Roofline, Row, SCHEMA_VERSION, Scenario, Startup, Startups, Stats, Status,
    StepTime, Verification, Work,
};
#[cfg(not(target_arch = "wasm32"))]
pub use start_up::start_up;
pub use start_up::{Case, Source, StartedSession};
pub use timing::RepetitionLimits;
pub use trace::trace;
pub use verification::reference;
