//! Check of a file's bytes against its etag. The hub's etag is the sha256 of a large file, and
//! git's own hash of a small file.

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::id::is_lower_hex;

/// A running hash, of the kind that the etag has.
#[derive(Debug, Clone)]
pub(super) enum Hasher {
    /// 64 digits: the sha256 of the content (git LFS).
    Sha256(Box<Sha256>),
    /// 40 digits: the sha1 of a header with the length, followed by the content (git's blobs).
    GitBlob(Box<Sha1>),
    /// An etag of another kind of server, unrelated to the content.
    Opaque,
}

impl Hasher {
    /// Starts the kind of hash that `etag` has, for `size` bytes.
    pub fn new(etag: &str, size: u64) -> Self {
        match (etag.len(), is_lower_hex(etag)) {
            (64, true) => Self::Sha256(Box::default()),
            (40, true) => {
                let mut hash = Box::<Sha1>::default();
                hash.update(format!("blob {size}\0"));
                Self::GitBlob(hash)
            }
            _ => Self::Opaque,
        }
    }

    /// Adds the next bytes to the hash.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::GitBlob(hash) => hash.update(bytes),
            Self::Opaque => {}
        }
    }

    /// Returns the kind and the digits of the hash, or `None` if the etag is no hash.
    pub fn finish(self) -> Option<(&'static str, String)> {
        match self {
            Self::Sha256(hash) => Some(("sha256", hex(&hash.finalize()))),
            Self::GitBlob(hash) => Some(("git's sha1", hex(&hash.finalize()))),
            Self::Opaque => None,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(etag: &str, content: &[u8]) -> Option<String> {
        let mut hasher = Hasher::new(etag, content.len() as u64);
        let (a, b) = content.split_at(content.len() / 2);
        hasher.update(a);
        hasher.update(b);
        hasher.finish().map(|(_, digits)| digits)
    }

    #[test]
    fn both_kinds_of_etag() {
        // `printf abc | sha256sum`, and `printf abc | git hash-object --stdin`.
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let git = "f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f";
        assert_eq!(digits(sha256, b"abc").as_deref(), Some(sha256));
        assert_eq!(digits(git, b"abc").as_deref(), Some(git));
        assert_eq!(digits("5f3-61a8", b"abc"), None);
        assert_eq!(digits(&sha256.to_uppercase(), b"abc"), None);
    }
}
