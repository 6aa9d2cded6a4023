//! The library's integration tests in one program. Separate programs would each compile and link
//! the library and its drivers again. Tests that need a process of their own (`steady_state`,
//! `examples`) are separate programs.

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
