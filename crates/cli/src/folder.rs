//! The user's own folder for what this program keeps.

use std::path::PathBuf;

/// Names another folder, for tests and for who wants it elsewhere.
pub const VARIABLE: &str = "RESNET_CACHE_DIR";

/// Where tunings and compiled pipelines are kept: `resnet-wgpu` in the system's folder for caches
/// (`~/.cache` on Linux), unless the environment says otherwise; `None` where
/// there is neither.
pub fn cache() -> Option<PathBuf> {
    match std::env::var_os(VARIABLE) {
        Some(folder) if !folder.is_empty() => Some(folder.into()),
        _ => Some(dirs::cache_dir()?.join("resnet-wgpu")),
    }
}
