//! The benchmark: what a device takes for a network, measured so that it can
//! be believed. Outputs are compared with the CPU twin before and after the
//! clock runs, every figure says how it was taken, and results carry the
//! environment that they came from.
//!
//! [`Report`] is what `resnet bench --json` writes
//! (`data/bench.schema.json` is its schema) and everything else here either
//! fills one or shows one.

mod environment;
mod measure;
mod memory;
mod page;
mod profile;
mod result;
mod roofline;
mod start_up;
mod stats;
mod timed;
mod trace;

pub use crate::gpu::Clock;
pub use environment::{CRATE_VERSION, now, wgpu_version};
pub use measure::{check, measure, measure_on, reference, work};
pub use page::{PageError, page};
pub use profile::{profile, timeline_profile};
pub use result::{
    CooperativePeak, Device, Host, Limits, Memory, NotMeasured, Peaks, Power, Profile, Report,
    Roofline, Row, SCHEMA_VERSION, Scenario, Startup, Startups, Stats, Status, StepTime,
    Verification, Work,
};
pub use roofline::{ceiling_ms, gbytes_per_second, gflops};
pub use start_up::{Case, Source, Started, start_up};
pub use timed::Repeat;
pub use trace::trace;

mod stub;
pub use stub::*;
