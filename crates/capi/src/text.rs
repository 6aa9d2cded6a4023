//! Rust's text as C reads it.

use std::ffi::CString;

/// The text with its end marked. A zero inside, as only a hostile checkpoint or
/// driver has it, becomes U+FFFD: the rest shall be read as well.
pub fn c_text(text: impl Into<String>) -> CString {
    let text = text.into();
    let text = match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}"),
        false => text,
    };
    // No zero is left, so this is never the empty text of the default.
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
