//! Features of pictures in a file, and the nearest of them.
//!
//! A file is a safetensors file that any tool reads: `features`, f32, a row for
//! each picture, and `paths`, u8, their paths, each ended by a zero byte. The
//! header's metadata says what made them ([`Origin`]). A [`Writer`] and a
//! [`Features`] hold a few rows at a time, so a million pictures need not fit
//! in memory.

mod nearest;
mod origin;
mod reader;
mod writer;

#[cfg(test)]
mod tests;

pub use crate::error::features::FeaturesError;
pub use nearest::{Near, normalize};
pub use origin::{Origin, pooled};
pub use reader::Features;
pub use writer::Writer;

/// The tensor of the features.
const FEATURES: &str = "features";

/// The tensor of the paths.
const PATHS: &str = "paths";
