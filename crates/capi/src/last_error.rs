//! The last error of each thread.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_char};

use resnet_wgpu::ErrorKind;

use crate::status::Failure;
use crate::text::c_text;

thread_local! {
    static LAST: RefCell<CString> = RefCell::default();
    static KIND: Cell<Option<ErrorKind>> = const { Cell::new(None) };
}

/// Stores an error for [`resnet_last_error`] and [`resnet_last_error_kind`].
pub fn store(failure: Failure) {
    // A thread that is ending has lost its thread-local variables, and nobody reads its
    // errors.
    let _ = LAST.try_with(|last| last.replace(c_text(failure.text)));
    let _ = KIND.try_with(|kind| kind.set(failure.kind));
}

/// Returns the text of the error in the last call on this thread that failed: one or
/// more lines of UTF-8 that say what was expected, what was found and what to do. The
/// text is empty if nothing has failed yet, and never NULL. A call that succeeds does
/// not change it. The pointer is valid until the next call on this thread.
#[unsafe(no_mangle)]
pub extern "C" fn resnet_last_error() -> *const c_char {
    LAST.try_with(|last| last.borrow().as_ptr())
        .unwrap_or(c"".as_ptr())
}

/// Returns the kind of the error in the last call on this thread that failed:
/// invalid_argument, io, checkpoint, unsupported_network, image, labels, no_device,
/// unsupported_device, out_of_memory, device_lost, wrong_results, cancelled, blocking,
/// download or internal. Later versions may add kinds. The text is empty if nothing has
/// failed yet, and after a panic; never NULL. The text is constant.
#[unsafe(no_mangle)]
pub extern "C" fn resnet_last_error_kind() -> *const c_char {
    let kind = KIND.try_with(Cell::get).ok().flatten();
    kind.map_or(c"", c_name).as_ptr()
}

/// Returns the name of a kind as C text.
fn c_name(kind: ErrorKind) -> &'static CStr {
    match kind {
        ErrorKind::InvalidArgument => c"invalid_argument",
        ErrorKind::Io => c"io",
        ErrorKind::Checkpoint => c"checkpoint",
        ErrorKind::UnsupportedNetwork => c"unsupported_network",
        ErrorKind::Image => c"image",
        ErrorKind::Labels => c"labels",
        ErrorKind::NoDevice => c"no_device",
        ErrorKind::UnsupportedDevice => c"unsupported_device",
        ErrorKind::OutOfMemory => c"out_of_memory",
        ErrorKind::DeviceLost => c"device_lost",
        ErrorKind::WrongResults => c"wrong_results",
        ErrorKind::Cancelled => c"cancelled",
        ErrorKind::Blocking => c"blocking",
        ErrorKind::Download => c"download",
        _ => c"internal",
    }
}
