//! The C interface of `resnet-wgpu`; `include/resnet_wgpu.h` is made from it.
//!
//! Every function does the same three things: `checked` turns its pointers
//! into references or says which one cannot be, the library does the work, and
//! `guard` turns errors and panics into a status and a text. So `unsafe` is in
//! a line or two at the beginning of a function, and what these lines rely on is
//! what the header asks of callers:
//!
//! - a pointer to data or text points to what its function says, for the time
//!   of the call;
//! - a handle came from this library, and was not freed;
//! - a handle is freed once, when no other thread uses it.
//!
//! NULL, a misaligned pointer, an impossible length and text that is not UTF-8
//! are found out, and are no more than an error.

#![allow(
    unsafe_code,
    reason = "C speaks in pointers; `checked` is where they are looked at"
)]
#![allow(
    clippy::too_many_arguments,
    reason = "a picture and its answers are that many in C"
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

/// Handles that many threads may use at once, as the header promises. Options
/// are not among them.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<device::ResnetDevice>();
    shared::<device_list::ResnetDeviceList>();
    shared::<model::ResnetModel>();
    shared::<classifier::ResnetClassifier>();
    shared::<session::ResnetSession>();
};
