//! The GPUs of this machine.

use std::ffi::{CStr, CString, c_char};

use resnet_wgpu::adapters;
use resnet_wgpu::low_level::gpu::{backend_name, kind_name};

use crate::checked::{handle, release, slot};
use crate::guard::{status, value};
use crate::status::{Failure, ResnetStatus};
use crate::text::c_text;

/// The GPUs that this machine had when it was asked, the one that "auto" takes
/// first. The CPU is not among them, and is always there as "cpu".
pub struct ResnetDeviceList {
    devices: Vec<Listed>,
}

struct Listed {
    name: CString,
    backend: CString,
    kind: CString,
}

/// Lists the GPUs of this machine. It takes up to some seconds, since it asks
/// every driver. A machine without any has an empty list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_list_new(list: *mut *mut ResnetDeviceList) -> ResnetStatus {
    status(|| {
        // SAFETY: a place for a handle.
        let slot = unsafe { slot(list, "list") }?;
        let listed = adapters().into_iter().map(|adapter| Listed {
            backend: c_text(backend_name(&adapter.info)),
            kind: c_text(kind_name(&adapter.info)),
            name: c_text(adapter.info.name),
        });
        let devices = listed.collect();
        slot.give(ResnetDeviceList { devices });
        Ok(())
    })
}

/// How many there are; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_list_count(list: *const ResnetDeviceList) -> usize {
    value(0, || {
        // SAFETY: a handle.
        let list = unsafe { handle(list, "list") }?;
        Ok(list.devices.len())
    })
}

/// The name of a device, as its driver has it. It lives as long as the list;
/// NULL for an index beyond it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_list_name(
    list: *const ResnetDeviceList,
    index: usize,
) -> *const c_char {
    // SAFETY: a handle.
    unsafe { of(list, index, |device| &device.name) }
}

/// The API that it is reached through: "Vulkan", "Metal", "Direct3D 12",
/// "OpenGL". Otherwise as resnet_device_list_name().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_list_backend(
    list: *const ResnetDeviceList,
    index: usize,
) -> *const c_char {
    // SAFETY: a handle.
    unsafe { of(list, index, |device| &device.backend) }
}

/// What kind of device it is: "discrete", "integrated", "virtual", "software"
/// or "other". Otherwise as resnet_device_list_name().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_list_kind(
    list: *const ResnetDeviceList,
    index: usize,
) -> *const c_char {
    // SAFETY: a handle.
    unsafe { of(list, index, |device| &device.kind) }
}

/// Frees a list; NULL is left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_list_free(list: *mut ResnetDeviceList) {
    // SAFETY: a handle that is not used again.
    value((), || unsafe { release(list, "list") });
}

/// A text of one device.
///
/// # Safety
/// As [`handle`].
unsafe fn of(
    list: *const ResnetDeviceList,
    index: usize,
    text: fn(&Listed) -> &CStr,
) -> *const c_char {
    value(std::ptr::null(), || {
        // SAFETY: a handle.
        let list = unsafe { handle(list, "list") }?;
        let device = list.devices.get(index).ok_or_else(|| {
            let expected = format!("less than the {} of the list", list.devices.len());
            Failure::argument("index", expected, index.to_string())
        })?;
        Ok(text(device).as_ptr())
    })
}
