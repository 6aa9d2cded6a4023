//! Reports of results: text tables, CSV for spreadsheets, and an HTML page with charts.

mod page;
pub mod text;

pub use page::page;
