//! A device: a GPU, or the CPU.

use std::ffi::{CString, c_char};

use resnet_wgpu::low_level::gpu::GpuError;
use resnet_wgpu::{Device, DeviceSelector, Gpu};

use crate::checked::{handle, release, slot, text};
use crate::guard::{status, value};
use crate::status::{Failure, ResnetStatus};
use crate::text::c_text;

/// A GPU, or the CPU. Classifiers and sessions on it share its pipelines, and
/// keep what they need of it: it may be freed before them.
pub struct ResnetDevice {
    pub(crate) device: Device,
    name: CString,
}

/// Opens a device: "auto" (the best GPU, or the CPU where there is none), "cpu",
/// the index of a device in the list of resnet_device_list_new(), or a part of
/// a device's name, driver or backend, without regard to case.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_open(
    selector: *const c_char,
    device: *mut *mut ResnetDevice,
) -> ResnetStatus {
    status(|| {
        // SAFETY: a text and a place for a handle.
        let (slot, selector) = unsafe { (slot(device, "device")?, text(selector, "selector")?) };
        let device = open(selector.trim())?;
        let name = device.to_string();
        slot.give(ResnetDevice {
            device,
            name: c_text(name),
        });
        Ok(())
    })
}

/// What the device is called: "llvmpipe (LLVM 15.0.6, 256 bits) (Vulkan,
/// software)", or "cpu". It lives as long as the device.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_name(device: *const ResnetDevice) -> *const c_char {
    value(std::ptr::null(), || {
        // SAFETY: a handle.
        let device = unsafe { handle(device, "device") }?;
        Ok(device.name.as_ptr())
    })
}

/// Frees a device; NULL is left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_free(device: *mut ResnetDevice) {
    // SAFETY: a handle that is not used again.
    value((), || unsafe { release(device, "device") });
}

/// As the command line's `--device` has it.
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
