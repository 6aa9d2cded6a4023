//! The border that neither Rust's errors nor its panics cross into C.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::last_error::store;
use crate::status::{Failure, ResnetStatus};

/// Runs a call, returns its status, and keeps the text of an error for `resnet_last_error`.
pub fn status(call: impl FnOnce() -> Result<(), Failure>) -> ResnetStatus {
    match catch_panics(call) {
        Ok(()) => ResnetStatus::Ok,
        Err(failure) => {
            let status = failure.status;
            store(failure);
            status
        }
    }
}

/// Runs a call that returns a value instead of a status; returns `none` if the call fails.
pub fn value<T>(none: T, call: impl FnOnce() -> Result<T, Failure>) -> T {
    catch_panics(call).unwrap_or_else(|failure| {
        store(failure);
        none
    })
}

/// Runs a call and converts a panic into an error.
///
/// Data that a panic leaves half written belong to the call and are dropped. The
/// library keeps data that threads share consistent.
fn catch_panics<T>(call: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|payload| {
        let message = panic_message(&*payload).to_owned();
        // Dropping a payload may panic again, and nothing would catch that panic.
        std::mem::forget(payload);
        Err(Failure {
            status: ResnetStatus::Panic,
            kind: None,
            text: format!(
                "resnet-wgpu panicked: {message}; please report this, and free the handle that was used"
            ),
        })
    })
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or(payload.downcast_ref::<&str>().copied())
        .unwrap_or("it does not say why")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::last_error::resnet_last_error;

    fn last() -> String {
        // SAFETY: the text belongs to this thread and is read before the next call.
        let text = unsafe { std::ffi::CStr::from_ptr(resnet_last_error()) };
        text.to_string_lossy().into_owned()
    }

    #[test]
    fn panics_become_a_status() {
        assert_eq!(last(), "");
        let banana = "banana";
        let found = status(|| panic!("slipped on a {banana}"));
        assert_eq!(found, ResnetStatus::Panic);
        assert!(last().contains("slipped on a banana; please report"));
        assert_eq!(status(|| std::panic::panic_any(7)), ResnetStatus::Panic);
        assert!(last().contains("it does not say why"));
        assert_eq!(value(5, || panic!("fixed")), 5);
        assert!(last().contains("fixed"));
    }

    #[test]
    fn each_thread_has_its_own_text() {
        let fail = |what: &str| value((), || Err(Failure::argument(what, "a thing", "none")));
        fail("here");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert_eq!(last(), "");
                fail("there");
                assert_eq!(last(), "argument `there`: expected a thing, found none");
            });
        });
        assert_eq!(status(|| Ok(())), ResnetStatus::Ok);
        assert_eq!(last(), "argument `here`: expected a thing, found none");
    }
}
