//! Results as people read them: tables, spreadsheets, and a page with pictures.

mod page;
pub mod text;

pub use page::page;
