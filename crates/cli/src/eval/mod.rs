//! How often a network is right: what `resnet eval` counts, keeps and shows.
//!
//! An [`Answer`] is what the network said of one labelled image. A [`Tally`]
//! counts them, an [`Evaluation`] is what the counts come to, [`page()`] shows
//! it, and a [`Journal`] keeps the answers in a CSV file, where a run goes on
//! that was interrupted.

mod answer;
mod calibration;
mod identity;
mod interval;
mod journal;
mod journal_error;
#[cfg(test)]
mod journal_tests;
mod page;
mod result;
mod tally;

pub use answer::Answer;
pub use calibration::{Bin, Calibration};
pub use identity::{Identity, fingerprint};
pub use interval::{Share, wilson};
pub use journal::Journal;
pub use journal_error::JournalError;
pub use page::{page, thumbnail};
pub use result::{About, Broken, ClassResult, Confusion, Evaluation, Mistake};
pub use tally::{ClassCount, Tally};
