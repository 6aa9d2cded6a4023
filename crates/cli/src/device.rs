//! Opens the device that was asked for.

use resnet_wgpu::low_level::gpu::GpuError;
use resnet_wgpu::{Device, DeviceSelector, Gpu};

use crate::failure::Failure;
use crate::options::kernels::KernelArgs;
use crate::options::values::DeviceChoice;
use crate::term;

/// How to get an adapter where there is none.
pub const REMEDY: &str = "install one: `apt-get install mesa-vulkan-drivers` for a software driver \
                          on Debian or Ubuntu, or the vendor's driver";

/// Opens a device. `auto` is the CPU if there is no adapter.
pub fn open(choice: &DeviceChoice, kernels: KernelArgs) -> Result<Device, Failure> {
    let selector = match choice {
        DeviceChoice::Cpu => return Ok(Device::Cpu),
        DeviceChoice::Gpu(selector) => selector,
    };
    match Gpu::new(kernels.options(selector)) {
        Ok(gpu) => Ok(gpu.into()),
        Err(GpuError::NoAdapter) if *selector == DeviceSelector::Auto => {
            term::note(&format!(
                "no GPU driver found, so the CPU computes; {REMEDY}"
            ));
            Ok(Device::Cpu)
        }
        Err(error) => Err(error.into()),
    }
}

/// Opens a GPU, for commands that are about one.
pub fn open_gpu(choice: &DeviceChoice, kernels: KernelArgs) -> Result<Gpu, Failure> {
    let selector = match choice {
        DeviceChoice::Cpu => return Err(needs_gpu()),
        DeviceChoice::Gpu(selector) => selector,
    };
    Gpu::new(kernels.options(selector)).map_err(|error| match error {
        GpuError::NoAdapter => no_driver(),
        other => other.into(),
    })
}

/// Why a command that is about a GPU does not take the CPU.
pub fn needs_gpu() -> Failure {
    Failure::usage(
        "--device cpu: expected a GPU, which is compared with the CPU; name one of \
         `resnet devices`",
    )
}

/// Why a command that is about a GPU ends where there is none.
pub fn no_driver() -> Failure {
    Failure::new(format!(
        "no GPU driver found, so nothing to measure; {REMEDY}"
    ))
}
