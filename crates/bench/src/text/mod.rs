//! Text for human readers: numbers, tables and documents. The benchmark and the command line share
//! this module, which is not a part of the library's interface.

pub mod document;
pub mod number;
pub mod table;
