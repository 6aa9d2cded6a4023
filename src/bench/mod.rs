//! The benchmark: what a device takes for a network, measured so that it can
//! be believed. Outputs are compared with the CPU twin before and after the
//! clock runs, every figure says how it was taken, and results carry the
//! environment that they came from.
//!
//! [`Report`] is what `resnet bench --json` writes
//! (`data/bench.schema.json` is its schema) and everything else here either
//! fills one or shows one.

mod peaks;
mod result;

pub use peaks::{peaks, peaks_on};
pub use result::{
    Clock, CooperativePeak, Device, Host, Limits, Memory, NotMeasured, Peaks, Power, Profile,
    Report, Roofline, Row, SCHEMA_VERSION, Scenario, Startup, Startups, Stats, Status, StepTime,
    Verification, Work,
};
