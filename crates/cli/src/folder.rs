//! The user's folder for cached files of this program.

use std::path::PathBuf;

/// Environment variable that overrides the folder, for tests and for users who prefer another
/// location.
pub const VARIABLE: &str = "RESNET_CACHE_DIR";

/// Returns the folder for tunings and compiled pipelines. The default is `resnet-wgpu` in the
/// system's cache folder (`~/.cache` on Linux); `RESNET_CACHE_DIR` overrides the default.
/// Returns `None` if neither exists.
pub fn cache() -> Option<PathBuf> {
    match std::env::var_os(VARIABLE) {
        Some(folder) if !folder.is_empty() => Some(folder.into()),
        _ => Some(dirs::cache_dir()?.join("resnet-wgpu")),
    }
}
