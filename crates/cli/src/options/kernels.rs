//! The compilation of kernels to pipelines, for commands that open a GPU.

use clap::Args;
use resnet_wgpu::{DeviceSelector, GpuOptions, PipelineOptions};

use crate::folder;

/// How kernels become pipelines.
#[derive(Debug, Clone, Copy, Args)]
pub struct KernelArgs {
    /// Kernels check every access to memory as they run
    ///
    /// Kernels check every access to memory as they run. They are correct
    /// without, and faster so on some devices: it is for telling a defect of a
    /// kernel from one of a driver.
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
