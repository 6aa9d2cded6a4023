//! The access token: valid values, and the file that stores it.

use std::path::Path;

use super::HubError;

/// A description of valid tokens, for error messages.
pub(super) const TOKEN: &str = "a token such as hf_…, of ASCII letters, digits and signs";

/// Returns whether the text consists of visible ASCII characters, as a request needs.
pub(super) fn is_visible(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic())
}

/// Describes an invalid token without revealing a part of it.
pub(super) fn describe_invalid(token: &str) -> String {
    format!("other characters among its {}", token.chars().count())
}

/// Returns the token that `hf auth login` stored in the file. A file that cannot be read counts as
/// no token.
pub(super) fn stored(file: &Path) -> Result<Option<String>, HubError> {
    let Ok(bytes) = std::fs::read(file) else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    match clean(&text) {
        Some(token) if !is_visible(&token) => Err(HubError::TokenFile {
            path: file.to_owned(),
            expected: TOKEN,
            found: describe_invalid(&token),
        }),
        token => Ok(token),
    }
}

/// Removes white space around a token. Returns `None` if nothing is left.
pub(super) fn clean(token: &str) -> Option<String> {
    Some(token.trim().to_owned()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_token_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        for content in [
            &b"hf_a b"[..],
            b"hf_\xffa",
            "hf_ä".as_bytes(),
            b"hf_a\nhf_b",
        ] {
            std::fs::write(&file, content).unwrap();
            let error = stored(&file).unwrap_err().to_string();
            assert!(error.starts_with(file.to_str().unwrap()), "{error}");
            assert!(!error.contains("HF_TOKEN") && !error.contains("hf_a"));
            assert!(error.contains("hf auth login") && error.contains("delete"));
        }
        for content in ["", " \n"] {
            std::fs::write(&file, content).unwrap();
            assert_eq!(stored(&file).unwrap(), None);
        }
        assert_eq!(stored(folder.path()).unwrap(), None);
    }
}
