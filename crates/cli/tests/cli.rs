//! Tests of the binary as a user runs it: on every available adapter, on the CPU path, and with
//! errors.

#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/bench.rs"]
mod bench;
#[path = "cli/classify.rs"]
mod classify;
#[path = "cli/compare.rs"]
mod compare;
#[path = "cli/describe.rs"]
mod describe;
#[path = "cli/embed.rs"]
mod embed;
#[path = "cli/eval.rs"]
mod eval;
#[path = "cli/explain.rs"]
mod explain;
#[path = "cli/kernels.rs"]
mod kernels;
#[path = "cli/profile.rs"]
mod profile;
#[path = "cli/run.rs"]
mod run;
#[path = "cli/support.rs"]
mod support;
#[path = "cli/tune.rs"]
mod tune;
#[path = "cli/usage.rs"]
mod usage;
