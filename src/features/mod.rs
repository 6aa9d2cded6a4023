//! Features of pictures in a file, and the search for the nearest pictures.
//!
//! The file is a safetensors file that any tool can read. The tensor `features` (f32) has one row
//! for each picture. The tensor `paths` (u8) has the paths of the pictures, each terminated by a
//! zero byte. The header's metadata contains the [`FeaturesProvenance`]. A [`FeaturesWriter`] and a
//! [`Features`] hold only a few rows at a time, so a million pictures need not fit in memory.

mod neighbours;
mod provenance;
mod reader;
mod writer;

#[cfg(test)]
mod tests;

pub use crate::error::features::FeaturesError;
pub use neighbours::{Neighbour, normalize};
pub use provenance::{FeaturesProvenance, pooled_layer};
pub use reader::Features;
pub use writer::FeaturesWriter;

/// The name of the tensor with the features.
const FEATURES: &str = "features";

/// The name of the tensor with the paths.
const PATHS: &str = "paths";
