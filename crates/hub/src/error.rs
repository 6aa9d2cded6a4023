//! Errors of a fetch. Each error names the model or the file, the expectation, the finding and the
//! remedy.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// A failure to fetch a model from the hub.
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
    /// An invalid model name.
    #[error(
        "`{found}`: expected {expected}; a model on the hub is named org/name or \
         org/name@revision, such as timm/resnet50.a1_in1k"
    )]
    Id {
        /// The requested name, shortened.
        found: String,
        /// The invalid part of the name and its valid form.
        expected: &'static str,
    },
    /// An invalid value of an environment variable, or of the option that corresponds to it.
    #[error("{name}: expected {expected}, found {found}; correct it or leave it out")]
    Setting {
        /// The name of the variable.
        name: &'static str,
        /// The valid values.
        expected: &'static str,
        /// The value, or a description if the value is a secret.
        found: String,
    },
    /// A token file without a valid token.
    #[error(
        "{path}: expected {expected}, found {found}; have `hf auth login` write it anew, or delete \
         it"
    )]
    TokenFile {
        /// The path of the file.
        path: PathBuf,
        /// A description of valid tokens.
        expected: &'static str,
        /// A description of the content, without the content itself.
        found: String,
    },
    /// No folder for the cache is known.
    #[error("no folder for the cache, as this user has no home; set HF_HOME to one")]
    NoHome,
    /// The cache does not have the model, and the options forbid requests to the hub.
    #[error(
        "{id}: not in {cache}, and HF_HUB_OFFLINE forbids access to the hub; unset it to fetch, \
         or set HF_HOME to the cache that has it"
    )]
    Offline {
        /// The model.
        id: String,
        /// The cache.
        cache: PathBuf,
    },
    /// The cache does not have the model, and the hub is unreachable.
    #[error(
        "{id}: {endpoint} cannot be reached ({why}), and {cache} has no copy; {remedy}, or give \
         a file",
        remedy = reach(why)
    )]
    Unreachable {
        /// The model.
        id: String,
        /// The hub's address.
        endpoint: String,
        /// The reason for the failure.
        why: String,
        /// The cache.
        cache: PathBuf,
    },
    /// The repository does not exist or is private. The hub gives the same answer in both cases.
    #[error(
        "{id}: no such repository on {endpoint}, or a private one; check the name, and for a \
         private one set HF_TOKEN to a token that may read it"
    )]
    NoRepository {
        /// The model.
        id: String,
        /// The hub's address.
        endpoint: String,
    },
    /// The repository does not have this branch, tag or commit.
    #[error(
        "{id}: the repository has no revision `{revision}`; name a branch, tag or commit listed \
         at {endpoint}/{repo}/commits/main, or leave it out"
    )]
    NoRevision {
        /// The model.
        id: String,
        /// The revision.
        revision: String,
        /// The hub's address.
        endpoint: String,
        /// The repository.
        repo: String,
    },
    /// The repository has no weights in a single safetensors file.
    #[error(
        "{id}: the repository has no model.safetensors; weights as pytorch_model.bin, or in several \
         files, are not fetched: look for one with model.safetensors (some have it in a pull request: \
         append @refs/pr/NUMBER), or download and convert it"
    )]
    NoWeights {
        /// The model.
        id: String,
    },
    /// The user has to accept the repository's terms first.
    #[error(
        "{id}: gated: agree to its terms at {endpoint}/{repo}, then set HF_TOKEN to a token of the \
         account that did"
    )]
    Gated {
        /// The model.
        id: String,
        /// The hub's address.
        endpoint: String,
        /// The repository.
        repo: String,
    },
    /// The user has no access.
    #[error(
        "{id}: {endpoint} refuses access (HTTP {status}); set HF_TOKEN to a valid token that may \
         read it (made at {endpoint}/settings/tokens), or take a wrong one out"
    )]
    Denied {
        /// The model.
        id: String,
        /// The hub's address.
        endpoint: String,
        /// The HTTP status.
        status: u16,
    },
    /// A response that no hub gives.
    #[error(
        "{url}: expected {expected}, found {found}; check HF_ENDPOINT, and that the network and its \
         proxies (HTTPS_PROXY, NO_PROXY) let through to that address, or try again later"
    )]
    Response {
        /// The address.
        url: String,
        /// The response that a hub would give.
        expected: String,
        /// The response found, shortened.
        found: String,
    },
    /// The file is larger than any network of this crate.
    #[error(
        "{id}: {file}: expected at most {limit} bytes, the hub has {found}; no ResNet is that \
         large, choose another model"
    )]
    TooLarge {
        /// The model.
        id: String,
        /// The file.
        file: String,
        /// The largest valid size in bytes.
        limit: u64,
        /// The file's size in bytes.
        found: u64,
    },
    /// The transfer broke off repeatedly.
    #[error("{id}: {file}: broke off after {done} bytes ({why}); run it again to resume there")]
    Interrupted {
        /// The model.
        id: String,
        /// The file.
        file: String,
        /// The number of received bytes, which are kept.
        done: u64,
        /// The reason for the last failure.
        why: String,
    },
    /// The received bytes do not match the hub's hash or size. They are deleted.
    #[error(
        "{id}: {file}: expected {expected}, received {found}; it was deleted: run it again, and if \
         the error remains, find the proxy that changes files between here and the hub"
    )]
    Damaged {
        /// The model.
        id: String,
        /// The file.
        file: String,
        /// The hash or size that the hub gives.
        expected: String,
        /// The hash or size of the received bytes.
        found: String,
    },
    /// The cache cannot be written.
    #[error("{path}: cannot be written: {source}; {remedy}", remedy = remedy(source))]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The caller's progress function cancelled the fetch.
    #[error("{id}: cancelled; the received part is kept, and the next run resumes there")]
    Cancelled {
        /// The model.
        id: String,
    },
}

/// Returns the remedy for an unreachable hub.
fn reach(why: &str) -> &'static str {
    if why.contains("certificate") {
        "install the system's CA certificates (ca-certificates), or name a file of those to \
             trust in SSL_CERT_FILE"
    } else {
        "check the connection (HTTPS_PROXY where there is a proxy, HF_ENDPOINT for a mirror)"
    }
}

/// Returns the remedy for a cache that cannot be written.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "make room, or set HF_HOME to a folder on another disk; the received part is kept, and \
             the next run resumes there"
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
