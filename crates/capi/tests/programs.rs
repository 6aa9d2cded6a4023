//! C and C++ programs, compiled as strictly as compilers can, against the
//! interface as it is installed.
//!
//! `install` is for systems whose libraries are .so files, and valgrind is at
//! home there; `scripts/test` brings what is missing.
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
