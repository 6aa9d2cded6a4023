//! A device: a GPU, or the CPU.

use std::ffi::{CString, c_char};

use resnet_wgpu::low_level::gpu::GpuError;
use resnet_wgpu::{Device, DeviceSelector, Gpu};

use crate::checked::{handle, out_handle, release, text};
use crate::guard::{status, value};
use crate::status::{Failure, ResnetStatus};
use crate::text::c_text;

/// A GPU, or the CPU. Classifiers and sessions share the pipelines of their device and
/// keep what they need of the device, which may be freed before them.
pub struct ResnetDevice {
    pub(crate) device: Device,
    name: CString,
}

/// Opens a device. The selector is "auto" (the best GPU, or the CPU if no GPU exists),
/// "cpu", an index in the list of resnet_device_list_new(), or a part of a device's
/// name, driver or backend in upper or lower case.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_open(
    selector: *const c_char,
    device: *mut *mut ResnetDevice,
) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes a text, and memory for a handle.
        let (out, selector) =
            unsafe { (out_handle(device, "device")?, text(selector, "selector")?) };
        let device = open(selector.trim())?;
        let name = device.to_string();
        out.write_handle(ResnetDevice {
            device,
            name: c_text(name),
        });
        Ok(())
    })
}

/// Returns the name of a device: "llvmpipe (LLVM 15.0.6, 256 bits) (Vulkan, software)",
/// or "cpu". The text lives as long as the device.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_name(device: *const ResnetDevice) -> *const c_char {
    value(std::ptr::null(), || {
        // SAFETY: the caller passes a handle.
        let device = unsafe { handle(device, "device") }?;
        Ok(device.name.as_ptr())
    })
}

/// Frees a device; NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_free(device: *mut ResnetDevice) {
    // SAFETY: the caller passes a handle and does not use it again.
    value((), || unsafe { release(device, "device") });
}

/// Opens a device as the command line's `--device` does.
fn open(selector: &str) -> Result<Device, Failure> {
    if selector.is_empty() {
        let expected = "auto, cpu, or an index or name of the list of devices";
        return Err(Failure::argument("selector", expected, "empty text"));
    }
    if selector.eq_ignore_ascii_case("cpu") {
        return Ok(Device::Cpu);
    }
    let Ok(selector) = selector.parse::<DeviceSelector>();
    match Gpu::new(&selector) {
        Err(GpuError::NoAdapter) if selector == DeviceSelector::Auto => Ok(Device::Cpu),
        opened => Ok(opened?.into()),
    }
}
