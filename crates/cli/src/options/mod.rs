//! Options that several commands take.

pub mod choice;
pub mod kernels;
pub mod model;
pub mod model_choice;
pub mod tuning_choice;
pub mod values;
