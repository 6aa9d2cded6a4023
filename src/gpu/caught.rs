//! Calls at which wgpu may panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does something at which wgpu may panic; `None` where it did. What is of another
/// `wgpu::Instance` it looks for under a name, and panics where there is nothing;
/// where there is something else, nobody notices.
pub(super) fn caught<T>(act: impl FnOnce() -> T) -> Option<T> {
    // What it left half done is given up.
    catch_unwind(AssertUnwindSafe(act)).ok()
}

/// Polls a device. wgpu panics where a driver loses it meanwhile.
pub(super) fn polled(device: &wgpu::Device, how: wgpu::PollType) -> Result<bool, String> {
    // Nothing of ours is half done while wgpu polls; its callbacks are.
    match caught(|| device.poll(how)) {
        Some(Ok(_)) => Ok(true),
        Some(Err(wgpu::PollError::Timeout)) => Ok(false),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("the driver lost it".into()),
    }
}
