//! Text as people read it: numbers, tables and documents of them. Shared by
//! the benchmark and the command line, and no part of the library's interface.

pub mod document;
pub mod number;
pub mod table;

/// Text on one line, without the control characters that a name from a driver
/// or a file may carry.
pub fn plain(text: &str) -> String {
    let spaced = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(spaced).collect()
}
