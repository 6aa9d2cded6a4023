//! The version of this library.

use std::ffi::c_char;

/// Returns the version of this library, such as "0.1.0". The text lives as long as the
/// program.
#[unsafe(no_mangle)]
pub extern "C" fn resnet_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
