//! Opens the requested device.

use resnet_wgpu::low_level::gpu::GpuError;
use resnet_wgpu::{Device, DeviceSelector, Gpu};

use crate::failure::Failure;
use crate::options::kernels::KernelArgs;
use crate::options::values::DeviceChoice;
use crate::term;

/// Advice on installing a driver if no adapter exists.
pub const REMEDY: &str = "install one: `apt-get install mesa-vulkan-drivers` for a software driver \
                          on Debian or Ubuntu, or the vendor's driver";

/// Opens a device. `auto` falls back to the CPU if no adapter exists.
pub fn open(choice: &DeviceChoice, kernels: KernelArgs) -> Result<Device, Failure> {
    let selector = match choice {
        DeviceChoice::Cpu => return Ok(Device::Cpu),
        DeviceChoice::Gpu(selector) => selector,
    };
    match Gpu::new(kernels.options(selector)) {
        Ok(gpu) => Ok(gpu.into()),
        Err(GpuError::NoAdapter) if *selector == DeviceSelector::Auto => {
            term::note(&format!(
                "no GPU driver found, so the CPU is used; {REMEDY}"
            ));
            Ok(Device::Cpu)
        }
        Err(error) => Err(error.into()),
    }
}

/// Opens a GPU, for commands that cannot run on the CPU.
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

/// Returns the error for `--device cpu` in a command that needs a GPU.
pub fn needs_gpu() -> Failure {
    Failure::usage(
        "--device cpu: expected a GPU, which is compared with the CPU; name one of \
         `resnet devices`",
    )
}

/// Returns the error for a command that needs a GPU on a machine without one.
pub fn no_driver() -> Failure {
    Failure::new(format!(
        "no GPU driver found, so nothing can be measured; {REMEDY}"
    ))
}
