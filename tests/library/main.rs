//! The library's integration tests: one program, since each would compile and
//! link the library and its drivers once more. What needs a process of its own
//! (`steady_state`, `examples`) has one.

mod checkpoints;
mod drivers;
mod embedding;
mod explain;
mod kernels;
mod networks;
mod precision;
mod preprocess;
mod processors;
mod readme;
mod session;
mod shaders;
mod support;
mod tune;
mod views;
