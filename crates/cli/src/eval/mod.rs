//! Evaluation of a network's accuracy, as `resnet eval` counts, stores and shows it.
//!
//! A [`LabelledPrediction`] is the prediction for one labelled image. A [`Tally`] counts
//! predictions, an [`Evaluation`] holds the resulting figures, and [`page()`] renders them as HTML.
//! A [`Journal`] stores the predictions in a CSV file, from which an interrupted run can resume.

mod calibration;
mod identity;
mod interval;
mod journal;
mod journal_error;
#[cfg(test)]
mod journal_tests;
mod labelled_prediction;
mod page;
mod result;
mod tally;

pub use calibration::{Bin, Calibration};
pub use identity::{Identity, fingerprint};
pub use interval::{Proportion, wilson};
pub use journal::Journal;
pub use journal_error::JournalError;
pub use labelled_prediction::LabelledPrediction;
pub use page::{page, thumbnail};
pub use result::{
    ClassResult, Confusion, Evaluation, EvaluationProvenance, Mistake, UnreadableImage,
};
pub use tally::{ClassCount, Tally};
