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
#[cfg(test)]
mod fixture;
mod read;
mod result;
pub mod roofline;
#[cfg(test)]
mod schema_tests;
mod stats;
pub mod text;

pub use check::Nonsense;
pub use compare::{
    CompareError, ComparedRow, Comparison, Difference, Measure, Source, within_noise,
};
pub use read::{ReadError, ReportFileError};
pub use result::{
    Clock, CooperativePeak, Device, Host, Limits, Memory, NotMeasured, Peaks, Power, Profile,
    Report, Roofline, Row, SCHEMA_VERSION, Scenario, Startup, Startups, Stats, Status, StepTime,
    Verification, Work,
};
