//! Which version this is.

use std::ffi::c_char;

/// This library's version, such as "0.1.0". It lives as long as the program.
#[unsafe(no_mangle)]
pub extern "C" fn resnet_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
