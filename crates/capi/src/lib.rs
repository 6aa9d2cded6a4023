//! The C interface of `resnet-wgpu`; `include/resnet_wgpu.h` is made from it.
//!
//! Every function has three steps. `checked` turns the pointers into references or
//! returns an error that names the bad pointer. The library does the work. `guard`
//! turns errors and panics into a status and a text. So `unsafe` stands in a line or
//! two at the beginning of a function. These lines rely on what the header requires
//! of callers:
//!
//! - a pointer to data or text points to what its function describes, for the time
//!   of the call;
//! - a handle came from this library, and was not freed;
//! - a handle is freed once, when no other thread uses it.
//!
//! NULL, a misaligned pointer, an impossible length and text that is not UTF-8
//! cause an error.

#![allow(
    unsafe_code,
    reason = "a C interface has pointers; `checked` validates them"
)]
#![allow(
    clippy::too_many_arguments,
    reason = "in C, a picture and its results need this many arguments"
)]
#![deny(unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

mod checked;
mod classifier;
mod device;
mod device_list;
mod guard;
mod last_error;
mod model;
mod options;
mod pixels;
mod prediction;
mod session;
mod status;
mod text;
mod version;

/// Compile-time check that many threads may use these handles at once, as the header
/// promises. Options are the exception.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<device::ResnetDevice>();
    shared::<device_list::ResnetDeviceList>();
    shared::<model::ResnetModel>();
    shared::<classifier::ResnetClassifier>();
    shared::<session::ResnetSession>();
};
