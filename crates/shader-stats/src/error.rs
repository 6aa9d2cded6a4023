//! Errors of this program.

use std::path::PathBuf;

/// An error that ends the program.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such adapter.
    #[error("there is no adapter {index}; `resnet devices` lists {found} adapters")]
    NoAdapter {
        /// The number asked for.
        index: usize,
        /// The number of adapters.
        found: usize,
    },
    /// The adapter is not one of Vulkan.
    #[error(
        "`{adapter}` is no Vulkan adapter, and only Vulkan reports statistics; choose another by --device"
    )]
    NotVulkan {
        /// The adapter's name.
        adapter: String,
    },
    /// The driver reports no statistics.
    #[error(
        "the driver of `{adapter}` lacks VK_KHR_pipeline_executable_properties; choose another by --device"
    )]
    NoStatistics {
        /// The adapter's name.
        adapter: String,
    },
    /// A call to Vulkan failed.
    #[error("the driver refused {what}: {reason}")]
    Vulkan {
        /// The object that was not created.
        what: &'static str,
        /// The driver's error.
        reason: String,
    },
    /// A shader does not translate to SPIR-V: a defect of this project.
    #[error("kernel `{kernel}` does not translate to SPIR-V: {reason}")]
    Shader {
        /// The kernel's name.
        kernel: &'static str,
        /// Naga's error.
        reason: String,
    },
    /// There is no such network, or its plan is refused.
    #[error(transparent)]
    Network(#[from] resnet_wgpu::Error),
    /// The statistics cannot be written as JSON: a defect of this program.
    #[error("the statistics cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A file cannot be read or written.
    #[error("`{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file holds no statistics of this version.
    #[error("`{}` holds no shader statistics of version {expected}: {reason}; measure again", path.display())]
    Contents {
        /// The file.
        path: PathBuf,
        /// The version that this program writes.
        expected: u32,
        /// The reason.
        reason: String,
    },
}

impl Error {
    /// The error of a call to Vulkan.
    pub fn vulkan(what: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Vulkan {
            what,
            reason: reason.to_string(),
        }
    }
}
