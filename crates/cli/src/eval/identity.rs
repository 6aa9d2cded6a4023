//! The identity of a run. Predictions of two runs may be combined if the model, the data and all
//! settings that influence predictions are equal.

use std::fmt::Write;

use crate::dataset::Dataset;
use resnet_wgpu::low_level::plan::ResolvedPrecision;
use resnet_wgpu::low_level::weights::fnv1a64;
use resnet_wgpu::{Error, Model, Preprocess, Views};

/// Everything that determines the predictions of a run.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The network and its weights.
    pub model: &'a Model,
    /// The images and their labels.
    pub data: &'a Dataset,
    /// The preprocessing of the images.
    pub preprocess: &'a Preprocess,
    /// The views of each image.
    pub views: &'a Views,
    /// The storage precision of activations and weights.
    pub precision: &'a ResolvedPrecision,
}

/// Hashes the identity of a run to 64 bits, as 16 hexadecimal digits. The hash does not depend on
/// the device or on the location of the data. All weights are read.
///
/// # Errors
/// Weights that cannot be read.
pub fn fingerprint(run: &Identity) -> Result<String, Error> {
    let mut text = format!(
        "{:?}\n{}\n{:?}\n{:?}\n{:?}\n",
        run.model.network(),
        run.model.fingerprint()?,
        run.preprocess,
        run.views,
        run.precision.scalar,
    );
    for index in 0..run.data.len() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} {:?}", run.data.name(index), run.data.label(index));
    }
    Ok(format!("{:016x}", fnv1a64(text.as_bytes())))
}
