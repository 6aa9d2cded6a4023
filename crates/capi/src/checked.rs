//! Checks of the caller's pointers before they are used: not NULL, aligned, of a
//! length that memory can have, text in UTF-8. Each function lists under `Safety`
//! what cannot be checked and the caller must guarantee.

use std::ffi::{CStr, c_char};
use std::path::Path;
use std::ptr::NonNull;

use crate::status::Failure;

/// Checks that `len` values can be at a pointer. No check can prove that they are.
pub fn checked_pointer<T>(ptr: *const T, len: usize, name: &str) -> Result<NonNull<T>, Failure> {
    let expected = || match len {
        1 => "a pointer".to_owned(),
        _ => format!("a pointer to {len} values"),
    };
    let Some(pointer) = NonNull::new(ptr.cast_mut()) else {
        return Err(Failure::argument(name, expected(), "NULL"));
    };
    if !pointer.is_aligned() {
        let expected = format!("{} aligned to {} bytes", expected(), align_of::<T>());
        return Err(Failure::argument(name, expected, format!("{pointer:p}")));
    }
    let bytes = len.checked_mul(size_of::<T>());
    let wraps = |bytes| pointer.addr().checked_add(bytes).is_none();
    if bytes.is_none_or(|bytes| bytes > isize::MAX as usize || wraps(bytes)) {
        let size = size_of::<T>();
        let found = format!("{len} values of {size} bytes");
        return Err(Failure::argument(
            name,
            "a length that memory can hold",
            found,
        ));
    }
    Ok(pointer)
}

/// Returns a reference to a handle.
///
/// # Safety
/// A pointer that is neither NULL nor misaligned is a handle of this library, and
/// nobody frees the handle in the lifetime `'a`.
pub unsafe fn handle<'a, T>(ptr: *const T, name: &str) -> Result<&'a T, Failure> {
    let pointer = checked_pointer(ptr, 1, name)?;
    // SAFETY: the caller fulfils this function's requirements.
    Ok(unsafe { pointer.as_ref() })
}

/// Returns a mutable reference to a handle.
///
/// # Safety
/// The requirements of [`handle`], and nobody else uses the handle in the lifetime `'a`.
pub unsafe fn handle_mut<'a, T>(ptr: *mut T, name: &str) -> Result<&'a mut T, Failure> {
    let mut pointer = checked_pointer(ptr, 1, name)?;
    // SAFETY: the caller fulfils this function's requirements.
    Ok(unsafe { pointer.as_mut() })
}

/// Frees a handle; ignores NULL.
///
/// # Safety
/// The pointer comes from [`OutBuffer::write_handle`] and is not used again.
pub unsafe fn release<T>(ptr: *mut T, name: &str) -> Result<(), Failure> {
    if !ptr.is_null() {
        let pointer = checked_pointer(ptr, 1, name)?;
        // SAFETY: the caller guarantees that the pointer is from `write_handle`, which made it
        // from a box.
        drop(unsafe { Box::from_raw(pointer.as_ptr()) });
    }
    Ok(())
}

/// Returns the values at a pointer, for reading.
///
/// # Safety
/// A pointer that is not NULL points to `len` values, and nobody changes them in the
/// lifetime `'a`.
pub unsafe fn values<'a, T>(ptr: *const T, len: usize, name: &str) -> Result<&'a [T], Failure> {
    let pointer = checked_pointer(ptr, len, name)?;
    // SAFETY: `checked_pointer` checked the pointer and the length; the caller guarantees
    // the rest.
    Ok(unsafe { std::slice::from_raw_parts(pointer.as_ptr(), len) })
}

/// Returns the text at a pointer.
///
/// # Safety
/// A pointer that is not NULL points to a text that ends with a zero, and nobody
/// changes the text in the lifetime `'a`.
pub unsafe fn text<'a>(ptr: *const c_char, name: &str) -> Result<&'a str, Failure> {
    // SAFETY: the caller fulfils this function's requirements.
    let text = unsafe { bytes(ptr, name) }?;
    text.to_str().map_err(|e| {
        let found = format!("`{}`", text.to_string_lossy());
        Failure::argument(name, format!("UTF-8 ({e})"), found)
    })
}

/// Returns the path of a file: any bytes on systems whose paths are bytes, else UTF-8.
///
/// # Safety
/// The requirements of [`text`].
pub unsafe fn path<'a>(ptr: *const c_char, name: &str) -> Result<&'a Path, Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        // SAFETY: the caller fulfils this function's requirements.
        let bytes = unsafe { bytes(ptr, name) }?.to_bytes();
        Ok(Path::new(std::ffi::OsStr::from_bytes(bytes)))
    }
    #[cfg(not(unix))]
    {
        // SAFETY: the caller fulfils this function's requirements.
        Ok(Path::new(unsafe { text(ptr, name) }?))
    }
}

/// # Safety
/// The requirements of [`text`].
unsafe fn bytes<'a>(ptr: *const c_char, name: &str) -> Result<&'a CStr, Failure> {
    if ptr.is_null() {
        Err(Failure::argument(name, "text", "NULL"))
    } else {
        // SAFETY: the caller fulfils this function's requirements.
        Ok(unsafe { CStr::from_ptr(ptr) })
    }
}

/// Memory of the caller for results.
///
/// It is a pointer and not a reference, so the memory may be uninitialised. It may also
/// overlap with the input of a function, because results are written last and from
/// memory of this library.
pub struct OutBuffer<T> {
    pointer: NonNull<T>,
    capacity: usize,
}

/// Returns the memory for `capacity` results.
///
/// # Safety
/// If the pointer is not NULL, `capacity` values can be written there until the call ends.
pub unsafe fn out_buffer<T>(
    ptr: *mut T,
    capacity: usize,
    name: &str,
) -> Result<OutBuffer<T>, Failure> {
    let pointer = checked_pointer(ptr, capacity, name)?;
    Ok(OutBuffer { pointer, capacity })
}

/// Returns the memory for a handle and sets it to NULL until the handle exists.
///
/// # Safety
/// The requirements of [`out_buffer`].
pub unsafe fn out_handle<T>(ptr: *mut *mut T, name: &str) -> Result<OutBuffer<*mut T>, Failure> {
    // SAFETY: the caller fulfils this function's requirements.
    let out = unsafe { out_buffer(ptr, 1, name) }?;
    out.write(&[std::ptr::null_mut()]);
    Ok(out)
}

impl<T: Copy> OutBuffer<T> {
    /// Writes values, at most as many as fit.
    pub fn write(&self, values: &[T]) {
        let n = values.len().min(self.capacity);
        // SAFETY: the caller of `out_buffer` guaranteed memory for `capacity` values, and
        // `values` is memory of this library, so the two do not overlap.
        unsafe {
            self.pointer
                .copy_from_nonoverlapping(NonNull::from(values).cast(), n)
        };
    }
}

impl<T> OutBuffer<*mut T> {
    /// Writes a new handle, which [`release`] frees.
    pub fn write_handle(&self, value: T) {
        self.write(&[Box::into_raw(Box::new(value))]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_checked() {
        let four = [1.0f32, 2.0, 3.0, 4.0];
        let refused = |ptr: *const f32, len| checked_pointer(ptr, len, "images").unwrap_err().text;
        assert!(checked_pointer(four.as_ptr(), 4, "images").is_ok());
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
    fn results_may_overlap_with_the_input() {
        let mut values = [1, 2, 3];
        let ptr = values.as_mut_ptr();
        // SAFETY: the array has three values, and two are written.
        let out = unsafe { out_buffer(ptr, 2, "values") }.unwrap();
        out.write(&[7, 8, 9]);
        assert_eq!(values, [7, 8, 3]);
    }
}
