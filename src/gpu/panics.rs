//! Calls in which wgpu may panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls `act`, in which wgpu may panic, and returns `None` after a panic. wgpu finds an object of
/// another `wgpu::Instance` by its identifier, and panics if no object has that identifier. If a
/// different object has the identifier, wgpu uses that object without an error.
pub(super) fn catch_panic<T>(act: impl FnOnce() -> T) -> Option<T> {
    // The caller discards everything that the panic left unfinished, so `AssertUnwindSafe` holds.
    catch_unwind(AssertUnwindSafe(act)).ok()
}

/// Polls a device. wgpu panics if the driver loses the device during the call.
pub(super) fn poll_device(device: &wgpu::Device, how: wgpu::PollType) -> Result<bool, String> {
    // No work of this library is unfinished while wgpu polls. Only wgpu's callbacks may be
    // interrupted.
    match catch_panic(|| device.poll(how)) {
        Some(Ok(_)) => Ok(true),
        Some(Err(wgpu::PollError::Timeout)) => Ok(false),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("the driver lost it".into()),
    }
}
