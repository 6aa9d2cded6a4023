//! The text of what went wrong last, on each thread for itself.

use std::cell::RefCell;
use std::ffi::{CString, c_char};

use crate::text::c_text;

thread_local! {
    static LAST: RefCell<CString> = RefCell::default();
}

/// Keeps the text for [`resnet_last_error`].
pub fn keep(text: String) {
    // A thread that is ending has no such place any more, and nobody who asks.
    let _ = LAST.try_with(|last| last.replace(c_text(text)));
}

/// What went wrong in the last call on this thread that failed: one line or
/// more of UTF-8 that says what was expected, what was found and what to do.
/// Empty where nothing has failed yet, and never NULL; a call that succeeds
/// leaves it as it is. It stays valid until the next call on this thread.
#[unsafe(no_mangle)]
pub extern "C" fn resnet_last_error() -> *const c_char {
    LAST.try_with(|last| last.borrow().as_ptr())
        .unwrap_or(c"".as_ptr())
}
