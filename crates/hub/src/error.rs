//! Why a model cannot be fetched: each error names the model or the file, what
//! was expected, what was found, and the remedy.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// A model that cannot be had from the hub.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use resnet_wgpu_hub::{Hub, HubError, HubOptions, ModelId};
///
/// let mut options = HubOptions::new(std::env::temp_dir().join("no-such-resnet-wgpu-cache"));
/// options.offline = true;
/// let id: ModelId = "timm/resnet50.a1_in1k".parse()?;
/// let error = Hub::new(options)?.fetch(&id, |_| ControlFlow::Continue(())).unwrap_err();
/// match error {
///     HubError::Offline { id, .. } => println!("{id} has to be fetched once"),
///     HubError::Gated { .. } | HubError::Denied { .. } => println!("a token is needed"),
///     other => panic!("{other}"),
/// }
/// # Ok::<(), resnet_wgpu_hub::HubError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// A name that no model can have.
    #[error(
        "`{found}`: expected {expected}; a model on the hub is named org/name or \
         org/name@revision, such as timm/resnet50.a1_in1k"
    )]
    Id {
        /// What was asked for, shortened.
        found: String,
        /// What part of it is wrong, and what it should be.
        expected: &'static str,
    },
    /// An environment variable, or the option that it stands for, that makes
    /// no sense.
    #[error("{name}: expected {expected}, found {found}; correct it or leave it out")]
    Setting {
        /// The variable.
        name: &'static str,
        /// What values are admitted.
        expected: &'static str,
        /// The value; what it is like, where it is a secret.
        found: String,
    },
    /// A file with a token that can be none.
    #[error(
        "{path}: expected {expected}, found {found}; have `hf auth login` write it anew, or delete \
         it"
    )]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// What a token is like.
        expected: &'static str,
        /// What the content is like; not the content.
        found: String,
    },
    /// No folder for the cache.
    #[error("no folder for the cache, as this user has no home; set HF_HOME to one")]
    NoHome,
    /// Nothing in the cache, and the hub must not be asked.
    #[error(
        "{id}: not in {cache}, and HF_HUB_OFFLINE forbids to ask the hub; fetch it without that, \
         or set HF_HOME to the cache that has it"
    )]
    Offline {
        /// The model.
        id: String,
        /// The cache.
        cache: PathBuf,
    },
    /// Nothing in the cache, and the hub does not answer.
    #[error(
        "{id}: {endpoint} cannot be reached ({why}), and {cache} has no copy; {remedy}, or give \
         a file",
        remedy = reach(why)
    )]
    Unreachable {
        /// The model.
        id: String,
        /// The hub.
        endpoint: String,
        /// What went wrong.
        why: String,
        /// The cache.
        cache: PathBuf,
    },
    /// No such repository, or one that must not be seen: the hub does not tell
    /// these apart.
    #[error(
        "{id}: no such repository on {endpoint}, or a private one; check the name, and for a \
         private one set HF_TOKEN to a token that may read it"
    )]
    NoRepository {
        /// The model.
        id: String,
        /// The hub.
        endpoint: String,
    },
    /// A repository without that branch, tag or commit.
    #[error(
        "{id}: the repository has no revision `{revision}`; name a branch, tag or commit listed \
         at {endpoint}/{repo}/commits/main, or leave it out"
    )]
    NoRevision {
        /// The model.
        id: String,
        /// The revision.
        revision: String,
        /// The hub.
        endpoint: String,
        /// The repository.
        repo: String,
    },
    /// A repository without weights in one safetensors file.
    #[error(
        "{id}: the repository has no model.safetensors; weights as pytorch_model.bin, or in several \
         files, are not fetched: look for one with model.safetensors (some have it in a pull request: \
         append @refs/pr/NUMBER), or download and convert it"
    )]
    NoWeights {
        /// The model.
        id: String,
    },
    /// A repository whose terms have to be agreed to.
    #[error(
        "{id}: gated: agree to its terms at {endpoint}/{repo}, then set HF_TOKEN to a token of the \
         account that did"
    )]
    Gated {
        /// The model.
        id: String,
        /// The hub.
        endpoint: String,
        /// The repository.
        repo: String,
    },
    /// Not for this user.
    #[error(
        "{id}: {endpoint} refuses access (HTTP {status}); set HF_TOKEN to a valid token that may \
         read it (made at {endpoint}/settings/tokens), or take a wrong one out"
    )]
    Denied {
        /// The model.
        id: String,
        /// The hub.
        endpoint: String,
        /// HTTP's number for it.
        status: u16,
    },
    /// An answer that no hub gives.
    #[error(
        "{url}: expected {expected}, found {found}; check HF_ENDPOINT, and that the network and its \
         proxies (HTTPS_PROXY, NO_PROXY) let through to that address, or try again later"
    )]
    Response {
        /// The address.
        url: String,
        /// What a hub would answer.
        expected: String,
        /// The answer, shortened.
        found: String,
    },
    /// More bytes than any network of this crate has.
    #[error(
        "{id}: {file}: expected at most {limit} bytes, the hub has {found}; no ResNet is that \
         large, choose another model"
    )]
    TooLarge {
        /// The model.
        id: String,
        /// The file.
        file: String,
        /// Bytes that are admitted.
        limit: u64,
        /// Bytes that it has.
        found: u64,
    },
    /// A transfer that broke off, again and again.
    #[error(
        "{id}: {file}: broke off after {done} bytes ({why}); run it again: it goes on from there"
    )]
    Interrupted {
        /// The model.
        id: String,
        /// The file.
        file: String,
        /// Bytes that are kept.
        done: u64,
        /// What went wrong last.
        why: String,
    },
    /// Other bytes than the hub said. They are deleted.
    #[error(
        "{id}: {file}: expected {expected}, received {found}; it was deleted: run it again, and if \
         this stays so, what lies between here and the hub changes files"
    )]
    Damaged {
        /// The model.
        id: String,
        /// The file.
        file: String,
        /// The hash or size that the hub names.
        expected: String,
        /// That of what came.
        found: String,
    },
    /// The cache cannot be written.
    #[error("{path}: cannot be written: {source}; {remedy}", remedy = remedy(source))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The caller's progress function ended it.
    #[error(
        "{id}: cancelled; what has been received is kept, and the next time goes on from there"
    )]
    Cancelled {
        /// The model.
        id: String,
    },
}

/// What helps where the hub cannot be reached.
fn reach(why: &str) -> &'static str {
    match why.contains("certificate") {
        true => {
            "install the system's CA certificates (ca-certificates), or name a file of those to \
             trust in SSL_CERT_FILE"
        }
        false => {
            "check the connection (HTTPS_PROXY where there is a proxy, HF_ENDPOINT for a mirror)"
        }
    }
}

/// What helps where the cache cannot be written.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "make room, or set HF_HOME to a folder on another disk; what has been received is \
             kept, and the next run goes on from there"
        }
        _ => {
            "set HF_HOME to a folder that you may write, or HF_HUB_OFFLINE=1 to use what the cache has"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_read_only_one_have_their_own_remedies() {
        let error = |kind: ErrorKind| {
            let path = "/cache/blobs".into();
            let source = io::Error::from(kind);
            HubError::Write { path, source }.to_string()
        };
        let full = error(ErrorKind::StorageFull);
        assert!(
            full.contains("make room") && full.contains("/cache/blobs"),
            "{full}"
        );
        let read_only = error(ErrorKind::ReadOnlyFilesystem);
        assert!(
            read_only.contains("HF_HOME to a folder that you may write"),
            "{read_only}"
        );
    }
}
