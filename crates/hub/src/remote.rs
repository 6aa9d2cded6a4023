//! Information that the hub gives about a file before the download.

use ureq::http::{HeaderMap, StatusCode};

use super::address::{address, printable, same_origin};
use super::http::{Client, Failure, FileResponse};
use super::id::is_commit;
use super::{HubError, ModelId};

/// The header with the commit of a revision.
const COMMIT: &str = "x-repo-commit";

/// The headers that describe a file stored on another host.
const ETAG: &str = "x-linked-etag";
const SIZE: &str = "x-linked-size";

/// The header with the hub's own error code, in addition to the HTTP status.
const ERROR: &str = "x-error-code";

/// A file on the hub.
#[derive(Debug, Clone)]
pub(super) struct RemoteFile {
    /// The commit that contains the file.
    pub commit: String,
    /// The name of the file's blob in the cache. If the etag is a hash, it is the hash of the
    /// content.
    pub etag: String,
    /// The size of the file in bytes.
    pub size: u64,
}

/// The hub's answer about a file.
#[derive(Debug)]
pub(super) enum LookupResult {
    /// The file exists.
    Found(RemoteFile),
    /// The commit has no such file. The commit is given if the hub named it.
    Absent(Option<String>),
}

/// Asks the hub for the commit, the etag and the size of a file.
pub(super) fn look_up(
    client: &Client,
    endpoint: &str,
    id: &ModelId,
    revision: &str,
    file: &str,
) -> Result<LookupResult, Failure> {
    let url = client.url(id.repo(), revision, file);
    let reply = client.head(&url, &[COMMIT, ETAG, SIZE])?;
    let FileResponse { response, url } = &reply;
    let headers = response.headers();
    let commit = text(headers, COMMIT).filter(|commit| is_commit(commit));
    let invalid = |expected: &str, found: &str| HubError::Response {
        url: address(url),
        expected: expected.to_owned(),
        found: printable(found),
    };
    if let Some(found) = commit
        && is_commit(revision)
        && found != revision
    {
        // A user who names a commit wants exactly this commit.
        return Err(invalid(&format!("{revision} in X-Repo-Commit"), found).into());
    }
    if response.status().is_client_error() {
        // Simple servers send a plain 404 for a missing file, too. If the revision is a commit, the
        // repository is known to exist, so the 404 means a missing file.
        let code = text(headers, ERROR);
        let without_code = code.is_none() && is_commit(revision) && same_origin(url, endpoint);
        let absent = code == Some("EntryNotFound") || without_code;
        return if absent && response.status() == StatusCode::NOT_FOUND {
            Ok(LookupResult::Absent(commit.map(str::to_owned)))
        } else {
            Err(refusal(&reply, endpoint, id).into())
        };
    }
    let Some(commit) = commit else {
        let found = text(headers, COMMIT).unwrap_or("");
        return Err(invalid("a commit's hash in X-Repo-Commit", found).into());
    };
    let etag = text(headers, ETAG).or_else(|| text(headers, "etag"));
    let etag = etag
        .unwrap_or("")
        .trim_start_matches("W/")
        .trim_matches('"');
    if !is_file_name(etag) {
        return Err(invalid("an etag of letters and digits", etag).into());
    }
    // The Content-Length of a redirect describes the redirect, not the file.
    let own = || text(headers, "content-length").filter(|_| !response.status().is_redirection());
    let size = text(headers, SIZE).or_else(own);
    let Some(size) = size.and_then(|size| size.parse().ok()) else {
        let found = size.unwrap_or("");
        return Err(invalid("a size in X-Linked-Size or Content-Length", found).into());
    };
    Ok(LookupResult::Found(RemoteFile {
        commit: commit.to_owned(),
        etag: etag.to_owned(),
        size,
    }))
}

/// Returns the error for a response of the hub, or of a host between the hub and this machine.
pub(super) fn refusal(reply: &FileResponse, endpoint: &str, id: &ModelId) -> HubError {
    let FileResponse { response, url } = reply;
    let status = response.status().as_u16();
    let headers = response.headers();
    let code = text(headers, ERROR);
    if code.is_none() && !same_origin(url, endpoint) {
        // A storage host or a proxy answered: neither the token nor the repository's name is the
        // cause.
        return HubError::Response {
            url: address(url),
            expected: format!("the file that {endpoint} redirects to"),
            found: format!("HTTP {status}"),
        };
    }
    let repo = id.repo().to_owned();
    let id = id.to_string();
    let endpoint = endpoint.to_owned();
    match (status, code) {
        (401 | 403, Some("GatedRepo")) => HubError::Gated { id, endpoint, repo },
        // The hub also gives this answer to requests without a token.
        (401 | 404, Some("RepoNotFound")) | (404, None) => HubError::NoRepository { id, endpoint },
        (404, Some("RevisionNotFound")) => HubError::NoRevision {
            revision: id.split_once('@').map_or("main", |(_, r)| r).to_owned(),
            id,
            endpoint,
            repo,
        },
        (401 | 403, _) => HubError::Denied {
            id,
            endpoint,
            status,
        },
        _ => {
            let message = text(headers, "x-error-message").unwrap_or("");
            HubError::Response {
                url: address(url),
                expected: "the file".into(),
                found: printable(&format!("HTTP {status} {message}")),
            }
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Returns whether the etag is a valid file name that stays in its folder.
fn is_file_name(etag: &str) -> bool {
    let inside = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=128).contains(&etag.len()) && etag.bytes().all(inside) && !etag.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_are_names_of_files() {
        for etag in ["0a1b", "5f3-61a8", "x_y.z"] {
            assert!(is_file_name(etag), "{etag}");
        }
        for etag in ["", ".", "..", "../x", "a/b", "a\\b", "a:b", "a b", "\u{e9}"] {
            assert!(!is_file_name(etag), "{etag}");
        }
    }
}
