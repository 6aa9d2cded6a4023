//! Functions that several test modules share.

pub mod cause;
pub mod device;
pub mod goldens;
pub mod host;
pub mod scaled;
