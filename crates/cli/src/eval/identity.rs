//! Which run answers belong to: they may be put together where model, data and
//! everything that decides an answer are the same.

use std::fmt::Write;

use crate::dataset::Dataset;
use resnet_wgpu::low_level::plan::Settled;
use resnet_wgpu::low_level::weights::fnv1a64;
use resnet_wgpu::{Error, Model, Preprocess, Views};

/// What decides the answers of a run.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The network and its weights.
    pub model: &'a Model,
    /// The images and their labels.
    pub data: &'a Dataset,
    /// How they are prepared.
    pub preprocess: &'a Preprocess,
    /// What is seen of each.
    pub views: &'a Views,
    /// In what activations and weights are stored.
    pub precision: &'a Settled,
}

/// 64 bits of all that, as 16 hexadecimal digits: the same on every device, and
/// wherever the data lies. All weights are read.
///
/// # Errors
/// For weights that cannot be read.
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
        // Writing to a string does not fail.
        let _ = writeln!(text, "{} {:?}", run.data.name(index), run.data.label(index));
    }
    Ok(format!("{:016x}", fnv1a64(text.as_bytes())))
}
