//! The files of a model.

/// The file with the weights.
pub(super) const WEIGHTS: &str = "model.safetensors";

/// The largest file that is fetched: what `resnet-wgpu` reads at most.
pub const MAX_FILE_BYTES: u64 = 4 << 30;

/// Files that tell labels, normalisation and crop; a model need not have them.
pub(super) const CONFIGS: [&str; 3] = [
    "config.json",
    "preprocessor_config.json",
    "processor_config.json",
];
