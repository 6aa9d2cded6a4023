//! The commands: the arguments, the work and the output of each.

pub mod bench;
pub mod classify;
pub mod compare;
pub mod devices;
pub mod embed;
pub mod eval;
pub mod explain;
pub mod fetch;
pub mod manual;
pub mod models;
pub mod profile;
pub mod run;
pub mod similar;
pub mod summary;
pub mod tune;
pub mod verify;
