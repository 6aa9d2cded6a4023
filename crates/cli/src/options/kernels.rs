//! The compilation of kernels to pipelines, for commands that open a GPU.

use clap::Args;
use resnet_wgpu::{DeviceSelector, GpuOptions, PipelineOptions};

use crate::folder;

/// The compilation of kernels to pipelines.
#[derive(Debug, Clone, Copy, Args)]
pub struct KernelArgs {
    /// Check every memory access of kernels at run time
    ///
    /// Kernels are correct without these checks, and faster on some devices. The checks help to
    /// distinguish a defect of a kernel from a defect of a driver.
    #[arg(long, hide_short_help = true)]
    pub checked: bool,
}

impl KernelArgs {
    /// Returns the options for opening a device. Compiled pipelines are stored in the user's cache
    /// folder, if one exists.
    pub fn options(self, selector: &DeviceSelector) -> GpuOptions {
        GpuOptions {
            pipelines: PipelineOptions {
                checked: self.checked,
                cache: folder::cache(),
            },
            ..selector.clone().into()
        }
    }
}
