//! Options that several commands share.

pub mod choice;
pub mod kernels;
pub mod model;
pub mod model_choice;
pub mod tuning_choice;
pub mod values;
