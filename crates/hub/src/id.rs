//! Names of models on the hub: `org/name` or `org/name@revision`.

use std::fmt;
use std::str::FromStr;

use super::HubError;

/// The default revision.
const MAIN: &str = "main";

/// The longest part of a repository's name, in characters.
const LONGEST_NAME: usize = 96;

/// The longest revision, in characters. File systems do not accept longer names.
const LONGEST_REVISION: usize = 200;

/// A repository on the hub and one of its revisions.
///
/// File names and URLs are made from a model id. An id therefore contains only letters, digits,
/// `.`, `_` and `-`; a revision may also contain `/` and `+`. No part of an id leads out of a
/// folder.
///
/// ```
/// use resnet_wgpu_hub::ModelId;
///
/// let id: ModelId = "timm/resnet50.a1_in1k@main".parse()?;
/// assert_eq!((id.repo(), id.revision()), ("timm/resnet50.a1_in1k", "main"));
/// assert!("../../etc/passwd".parse::<ModelId>().is_err());
/// # Ok::<(), resnet_wgpu_hub::HubError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelId {
    repo: String,
    revision: String,
}

impl ModelId {
    /// Returns the repository, `org/name`.
    pub fn repo(&self) -> &str {
        &self.repo
    }

    /// Returns the branch, tag or commit; `main` if the id names no revision.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Returns whether the revision is a whole commit hash, which can never change.
    pub fn is_pinned(&self) -> bool {
        is_commit(&self.revision)
    }
}

impl FromStr for ModelId {
    type Err = HubError;

    fn from_str(text: &str) -> Result<Self, HubError> {
        let (repo, revision) = text.split_once('@').unwrap_or((text, MAIN));
        let named = match repo.split_once('/') {
            Some((org, name)) => is_name(org) && is_name(name) && !name.ends_with(".git"),
            None => false,
        };
        let refused = |expected| HubError::Id {
            found: text.chars().take(100).collect(),
            expected,
        };
        if !named {
            return Err(refused(
                "org/name, each of letters, digits, `.`, `_` and `-`",
            ));
        }
        if !is_revision(revision) {
            return Err(refused("a branch, tag or commit behind the @"));
        }
        Ok(Self {
            repo: repo.to_owned(),
            revision: revision.to_owned(),
        })
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repo)?;
        match self.revision.as_str() {
            MAIN => Ok(()),
            revision => write!(f, "@{revision}"),
        }
    }
}

/// Returns whether the hub accepts the text as one part of a repository's name.
fn is_name(part: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let at_end = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (1..=LONGEST_NAME).contains(&part.len())
        && part.chars().all(inside)
        && part.starts_with(at_end)
        && part.ends_with(at_end)
        && !part.contains("--")
        && !part.contains("..")
}

/// Returns whether the text is a valid git name and, on every system, a relative path that stays in
/// its folder.
fn is_revision(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let part = |part: &str| {
        !part.is_empty()
            && part.chars().all(inside)
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.ends_with(".lock")
    };
    text.len() <= LONGEST_REVISION && text.split('/').all(part)
}

/// Returns whether the text is a whole git commit hash.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && is_lower_hex(text)
}

/// Returns whether the text consists of lower-case hexadecimal digits.
pub(super) fn is_lower_hex(text: &str) -> bool {
    (text.bytes()).all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        for (text, repo, revision) in [
            ("microsoft/resnet-50", "microsoft/resnet-50", "main"),
            (
                "timm/resnet50.a1_in1k@v1.0",
                "timm/resnet50.a1_in1k",
                "v1.0",
            ),
            (
                "microsoft/resnet-101@refs/pr/2",
                "microsoft/resnet-101",
                "refs/pr/2",
            ),
        ] {
            let id: ModelId = text.parse().unwrap();
            assert_eq!((id.repo(), id.revision()), (repo, revision));
            assert_eq!(id.to_string(), text);
            assert!(!id.is_pinned());
        }
        let pinned = format!("a/b@{}", "0f".repeat(20));
        assert!(pinned.parse::<ModelId>().unwrap().is_pinned());
    }

    #[test]
    fn what_leads_elsewhere_is_refused() {
        let long = format!("a/{}", "x".repeat(97));
        for text in [
            "", "resnet50", "a/b/c", "/b", "a/", "../b", "a/..", "a/.b", "-a/b", "a/b-", "a/b--c",
            "a/b.git", "a b/c", "a/b\n", "a/é", "C:/b", "a\\b/c", &long,
        ] {
            assert!(text.parse::<ModelId>().is_err(), "{text}");
        }
        for revision in [
            "",
            "/",
            "..",
            "a/../b",
            "/etc",
            "a//b",
            "x/",
            ".git",
            "a b",
            "a:b",
            "a\\b",
            "a?b",
            "a%2e",
            "main.lock",
            "a@b",
        ] {
            assert!(
                format!("a/b@{revision}").parse::<ModelId>().is_err(),
                "{revision}"
            );
        }
    }
}
