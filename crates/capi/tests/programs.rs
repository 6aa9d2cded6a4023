//! Tests with C and C++ programs, which are compiled with strict warnings against the
//! installed interface.
//!
//! The tests run on Linux only: `install` needs systems whose libraries are .so files,
//! and valgrind runs best there. `scripts/test` installs missing tools.
#![cfg(target_os = "linux")]

#[path = "programs/answers.rs"]
mod answers;
#[path = "programs/compile.rs"]
mod compile;
#[path = "programs/examples.rs"]
mod examples;
#[path = "programs/hostile.rs"]
mod hostile;
#[path = "programs/installed.rs"]
mod installed;
