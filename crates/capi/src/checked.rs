//! A caller's pointers, looked at before they are used: not NULL, aligned, of a
//! length that memory can have, text in UTF-8. What cannot be looked at is for
//! the caller to keep, and is each function's `Safety`.

use std::ffi::{CStr, c_char};
use std::path::Path;
use std::ptr::NonNull;

use crate::status::Failure;

/// A place that `len` values can be in. Whether they are, nobody can check.
pub fn place<T>(ptr: *const T, len: usize, name: &str) -> Result<NonNull<T>, Failure> {
    let expected = || match len {
        1 => "a pointer".to_owned(),
        _ => format!("a pointer to {len} values"),
    };
    let Some(place) = NonNull::new(ptr.cast_mut()) else {
        return Err(Failure::argument(name, expected(), "NULL"));
    };
    if !place.is_aligned() {
        let expected = format!("{} aligned to {} bytes", expected(), align_of::<T>());
        return Err(Failure::argument(name, expected, format!("{place:p}")));
    }
    let bytes = len.checked_mul(size_of::<T>());
    let wraps = |bytes| place.addr().checked_add(bytes).is_none();
    if bytes.is_none_or(|bytes| bytes > isize::MAX as usize || wraps(bytes)) {
        let size = size_of::<T>();
        let found = format!("{len} values of {size} bytes");
        return Err(Failure::argument(
            name,
            "a length that memory can hold",
            found,
        ));
    }
    Ok(place)
}

/// A handle.
///
/// # Safety
/// Where it is neither NULL nor misaligned, it is one that this library gave,
/// which nobody frees in the lifetime `'a`.
pub unsafe fn handle<'a, T>(ptr: *const T, name: &str) -> Result<&'a T, Failure> {
    let place = place(ptr, 1, name)?;
    // SAFETY: the caller's word.
    Ok(unsafe { place.as_ref() })
}

/// A handle that is changed.
///
/// # Safety
/// As [`handle`], and nobody else uses it in the lifetime `'a`.
pub unsafe fn handle_mut<'a, T>(ptr: *mut T, name: &str) -> Result<&'a mut T, Failure> {
    let mut place = place(ptr, 1, name)?;
    // SAFETY: the caller's word.
    Ok(unsafe { place.as_mut() })
}

/// Takes a handle back, where it is not NULL.
///
/// # Safety
/// It is one that [`Out::give`] gave, and is not used again.
pub unsafe fn release<T>(ptr: *mut T, name: &str) -> Result<(), Failure> {
    if !ptr.is_null() {
        let place = place(ptr, 1, name)?;
        // SAFETY: the caller's word; `give` made it of a box.
        drop(unsafe { Box::from_raw(place.as_ptr()) });
    }
    Ok(())
}

/// Values to be read.
///
/// # Safety
/// Where it is not NULL, `len` values lie there, which nobody changes in the
/// lifetime `'a`.
pub unsafe fn values<'a, T>(ptr: *const T, len: usize, name: &str) -> Result<&'a [T], Failure> {
    let place = place(ptr, len, name)?;
    // SAFETY: `place` checked the pointer and the length; the rest is the
    // caller's word.
    Ok(unsafe { std::slice::from_raw_parts(place.as_ptr(), len) })
}

/// Text.
///
/// # Safety
/// Where it is not NULL, a text ended by a zero lies there, which nobody changes
/// in the lifetime `'a`.
pub unsafe fn text<'a>(ptr: *const c_char, name: &str) -> Result<&'a str, Failure> {
    // SAFETY: the caller's word.
    let text = unsafe { bytes(ptr, name) }?;
    text.to_str().map_err(|e| {
        let found = format!("`{}`", text.to_string_lossy());
        Failure::argument(name, format!("UTF-8 ({e})"), found)
    })
}

/// The path of a file: bytes as they are where paths are bytes, else UTF-8.
///
/// # Safety
/// As [`text`].
pub unsafe fn path<'a>(ptr: *const c_char, name: &str) -> Result<&'a Path, Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        // SAFETY: the caller's word.
        let bytes = unsafe { bytes(ptr, name) }?.to_bytes();
        Ok(Path::new(std::ffi::OsStr::from_bytes(bytes)))
    }
    #[cfg(not(unix))]
    {
        // SAFETY: the caller's word.
        Ok(Path::new(unsafe { text(ptr, name) }?))
    }
}

/// # Safety
/// As [`text`].
unsafe fn bytes<'a>(ptr: *const c_char, name: &str) -> Result<&'a CStr, Failure> {
    match ptr.is_null() {
        true => Err(Failure::argument(name, "text", "NULL")),
        // SAFETY: the caller's word.
        false => Ok(unsafe { CStr::from_ptr(ptr) }),
    }
}

/// A place of the caller's for results. It is no reference, so it may be
/// uninitialised, and may overlap with what a function reads: it is written
/// last, from memory of our own.
pub struct Out<T> {
    place: NonNull<T>,
    room: usize,
}

/// A place for `room` values.
///
/// # Safety
/// Where it is not NULL, so many values can be written there until the call
/// ends.
pub unsafe fn out<T>(ptr: *mut T, room: usize, name: &str) -> Result<Out<T>, Failure> {
    let place = place(ptr, room, name)?;
    Ok(Out { place, room })
}

/// A place for a handle, which holds NULL until there is one.
///
/// # Safety
/// As [`out`].
pub unsafe fn slot<T>(ptr: *mut *mut T, name: &str) -> Result<Out<*mut T>, Failure> {
    // SAFETY: the caller's word.
    let slot = unsafe { out(ptr, 1, name) }?;
    slot.write(&[std::ptr::null_mut()]);
    Ok(slot)
}

impl<T: Copy> Out<T> {
    /// Writes as many as there is room for.
    pub fn write(&self, values: &[T]) {
        let n = values.len().min(self.room);
        // SAFETY: `out` promised room for `room` values, and these are our own.
        unsafe {
            self.place
                .copy_from_nonoverlapping(NonNull::from(values).cast(), n)
        };
    }
}

impl<T> Out<*mut T> {
    /// Hands a handle over; [`release`] takes it back.
    pub fn give(&self, value: T) {
        self.write(&[Box::into_raw(Box::new(value))]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_looked_at() {
        let four = [1.0f32, 2.0, 3.0, 4.0];
        let refused = |ptr: *const f32, len| place(ptr, len, "images").unwrap_err().text;
        assert!(place(four.as_ptr(), 4, "images").is_ok());
        assert_eq!(
            refused(std::ptr::null(), 4),
            "argument `images`: expected a pointer to 4 values, found NULL"
        );
        let odd = four.as_ptr().wrapping_byte_add(1);
        assert!(refused(odd, 1).contains("aligned to 4 bytes"));
        for len in [usize::MAX, usize::MAX / 4, isize::MAX as usize / 4 + 1] {
            assert!(refused(four.as_ptr(), len).contains("that memory can hold"));
        }
        let last = std::ptr::without_provenance(usize::MAX - 3);
        assert!(refused(last, 2).contains("that memory can hold"));
    }

    #[test]
    fn results_may_overlap_with_what_was_read() {
        let mut values = [1, 2, 3];
        let ptr = values.as_mut_ptr();
        // SAFETY: there are three.
        let out = unsafe { out(ptr, 2, "values") }.unwrap();
        out.write(&[7, 8, 9]);
        assert_eq!(values, [7, 8, 3]);
    }
}
