//! The GPUs of this machine.

use std::ffi::{CStr, CString, c_char};

use resnet_wgpu::adapters;
use resnet_wgpu::low_level::gpu::{backend_name, kind_name};

use crate::checked::{handle, out_handle, release};
use crate::guard::{status, value};
use crate::status::{Failure, ResnetStatus};
use crate::text::c_text;

/// The GPUs of this machine at the time of the call. The first is the one that "auto"
/// selects. The CPU is not in the list; "cpu" always selects it.
pub struct ResnetDeviceList {
    devices: Vec<DeviceEntry>,
}

struct DeviceEntry {
    name: CString,
    backend: CString,
    kind: CString,
}

/// Lists the GPUs of this machine. The call may take some seconds, because it queries
/// every driver. A machine without a GPU has an empty list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_list_new(list: *mut *mut ResnetDeviceList) -> ResnetStatus {
    status(|| {
        // SAFETY: the caller passes memory for a handle.
        let out = unsafe { out_handle(list, "list") }?;
        let entries = adapters().into_iter().map(|adapter| DeviceEntry {
            backend: c_text(backend_name(&adapter.info)),
            kind: c_text(kind_name(&adapter.info)),
            name: c_text(adapter.info.name),
        });
        let devices = entries.collect();
        out.write_handle(ResnetDeviceList { devices });
        Ok(())
    })
}

/// Returns the number of devices in a list; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_list_count(list: *const ResnetDeviceList) -> usize {
    value(0, || {
        // SAFETY: the caller passes a handle.
        let list = unsafe { handle(list, "list") }?;
        Ok(list.devices.len())
    })
}

/// Returns the name of a device, as its driver reports it. The text lives as long as
/// the list; NULL for an index beyond the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_list_name(
    list: *const ResnetDeviceList,
    index: usize,
) -> *const c_char {
    // SAFETY: the caller passes a handle.
    unsafe { device_text(list, index, |device| &device.name) }
}

/// Returns the API of a device: "Vulkan", "Metal", "Direct3D 12" or "OpenGL". The text
/// lives as long as the list; NULL for an index beyond the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_list_backend(
    list: *const ResnetDeviceList,
    index: usize,
) -> *const c_char {
    // SAFETY: the caller passes a handle.
    unsafe { device_text(list, index, |device| &device.backend) }
}

/// Returns the kind of a device: "discrete", "integrated", "virtual", "software" or
/// "other". The text lives as long as the list; NULL for an index beyond the list.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_list_kind(
    list: *const ResnetDeviceList,
    index: usize,
) -> *const c_char {
    // SAFETY: the caller passes a handle.
    unsafe { device_text(list, index, |device| &device.kind) }
}

/// Frees a list; NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn resnet_device_list_free(list: *mut ResnetDeviceList) {
    // SAFETY: the caller passes a handle and does not use it again.
    value((), || unsafe { release(list, "list") });
}

/// Returns a text of one device.
///
/// # Safety
/// The requirements of [`handle`].
unsafe fn device_text(
    list: *const ResnetDeviceList,
    index: usize,
    text: fn(&DeviceEntry) -> &CStr,
) -> *const c_char {
    value(std::ptr::null(), || {
        // SAFETY: the caller passes a handle.
        let list = unsafe { handle(list, "list") }?;
        let device = list.devices.get(index).ok_or_else(|| {
            let expected = format!("less than the {} of the list", list.devices.len());
            Failure::argument("index", expected, index.to_string())
        })?;
        Ok(text(device).as_ptr())
    })
}
