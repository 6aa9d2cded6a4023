//! Conversion of Rust's text into C text.

use std::ffi::CString;

/// Converts a text into a C string. A zero inside the text becomes U+FFFD, so that the
/// rest of the text can be read. Only a hostile checkpoint or driver contains one.
pub fn c_text(text: impl Into<String>) -> CString {
    let text = text.into();
    let text = if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    };
    // No zero is left, so the conversion cannot fail.
    CString::new(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_do_not_end_a_text() {
        assert_eq!(c_text("tabby cat").as_c_str(), c"tabby cat");
        assert_eq!(c_text("tabby\0cat").to_str(), Ok("tabby\u{fffd}cat"));
    }
}
