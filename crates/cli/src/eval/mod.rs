//! Evaluation of a network's accuracy, as `resnet eval` counts, stores and shows it.
//!
//! An [`Answer`] is the prediction for one labelled image. A [`Tally`] counts predictions, an
//! [`Evaluation`] holds the resulting figures, and [`page()`] renders them as HTML. A [`Journal`]
//! stores the predictions in a CSV file, from which an interrupted run can resume.

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
