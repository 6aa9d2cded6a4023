//! Text as people read it: numbers, tables and documents of them. Shared by
//! the benchmark and the command line, and no part of the library's interface.

pub mod document;
pub mod number;
pub mod table;
