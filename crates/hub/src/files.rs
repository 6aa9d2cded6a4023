//! The files of a model.

/// The name of the file with the weights.
pub(super) const WEIGHTS: &str = "model.safetensors";

/// The size of the largest file that is fetched. `resnet-wgpu` reads no larger file.
pub const MAX_FILE_BYTES: u64 = 4 << 30;

/// Optional files with labels, normalisation and crop.
pub(super) const CONFIGS: [&str; 3] = [
    "config.json",
    "preprocessor_config.json",
    "processor_config.json",
];
