//! The responses of the hub and its CDN: status, headers, and the location of files.

use std::time::Duration;

use crate::server::{RecordedRequest, State, TransferFailure};

/// A response: status and headers, body, a failure of the transfer, and the pause after each piece.
pub type Response = (String, Vec<u8>, Option<TransferFailure>, Duration);

fn response(status: &str, headers: &[String], body: Vec<u8>) -> Response {
    let mut head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for header in headers {
        head += &format!("{header}\r\n");
    }
    if !headers.iter().any(|h| h.starts_with("Content-Length")) {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    (head + "\r\n", body, None, Duration::ZERO)
}

impl State {
    /// Answers `/{org}/{name}/resolve/{revision}/{file}`, and the addresses of small files.
    pub fn resolve(&mut self, request: &RecordedRequest, cdn: u16) -> Response {
        let error =
            |status: &str, code: &str| response(status, &[format!("X-Error-Code: {code}")], vec![]);
        if self.busy > 0 {
            self.busy -= 1;
            return response(
                "503 Service Unavailable",
                &["Retry-After: 0".into()],
                vec![],
            );
        }
        match self.refusal {
            Some((status, "")) => return response(&format!("{status} No"), &[], vec![]),
            Some((status, code)) => return error(&format!("{status} No"), code),
            None => {}
        }
        if self.captive_portal {
            let location = format!("Location: http://me:secret@127.0.0.1:{cdn}/login?from=hub");
            return response("302 Found", &[location], vec![]);
        }
        let token = request.authorization.as_deref();
        if let Some(wanted) = self.token
            && token != Some(format!("Bearer {wanted}").as_str())
        {
            return error("401 Unauthorized", "RepoNotFound");
        }
        let path = request.path.split('?').next().unwrap();
        let own = path.strip_prefix("/api/resolve-cache");
        let parts: Vec<&str> = own.unwrap_or(path).split('/').collect();
        let [_, org, name, "resolve", revision, file] = parts[..] else {
            return response("200 OK", &[], b"<html>a page</html>".to_vec());
        };
        let repo = format!("{org}/{name}");
        if let Some((_, new)) = self.renamed.iter().find(|(old, _)| *old == repo) {
            let location = format!("Location: /{new}/resolve/{revision}/{file}");
            return response("307 Temporary Redirect", &[location], vec![]);
        }
        let revision = revision.replace("%2F", "/");
        let known = (self.revisions.iter()).find(|(r, name, _)| *r == repo && *name == revision);
        let commit = known.map_or(revision, |(_, _, commit)| commit.clone());
        if !self.commits.iter().any(|(r, ..)| *r == repo) {
            return error("404 Not Found", "RepoNotFound");
        }
        let of_commit = (self.commits.iter()).find(|(r, c, _)| *r == repo && *c == commit);
        let Some((_, _, files)) = of_commit else {
            return error("404 Not Found", "RevisionNotFound");
        };
        let wrong_commit = self.wrong_commit.as_ref().filter(|(name, _)| *name == file);
        let said = wrong_commit.map_or(&commit, |(_, commit)| commit);
        let belongs = format!("X-Repo-Commit: {said}");
        let Some(file) = files.iter().find(|f| f.name == file) else {
            let code = "X-Error-Code: EntryNotFound".to_owned();
            return response("404 Not Found", &[code, belongs], vec![]);
        };
        let etag = file.etag();
        if let Some((commit, etag)) = self.forged.filter(|_| file.large) {
            let size = format!("X-Linked-Size: {}", file.bytes.len());
            let belongs = format!("X-Repo-Commit: {commit}");
            return response(
                "200 OK",
                &[belongs, format!("ETag: \"{etag}\""), size],
                vec![],
            );
        }
        if file.large {
            let size = self.announced_size.unwrap_or(file.bytes.len() as u64);
            let headers = [
                belongs,
                format!("X-Linked-Etag: \"{etag}\""),
                format!("X-Linked-Size: {size}"),
                format!("Location: http://127.0.0.1:{cdn}/{etag}?signature=xyz"),
            ];
            return response("302 Found", &headers, b"Found. Redirecting".to_vec());
        }
        if own.is_none() {
            let location = format!("Location: /api/resolve-cache{path}?etag=%22{etag}%22");
            return response("307 Temporary Redirect", &[belongs, location], vec![]);
        }
        let length = format!("Content-Length: {}", file.bytes.len());
        let headers = [belongs, format!("ETag: \"{etag}\""), length];
        response("200 OK", &headers, file.bytes.clone())
    }

    /// Answers `/{etag}`, from any byte on.
    pub fn blob(&mut self, request: &RecordedRequest) -> Response {
        if let Some(status) = self.cdn_status {
            return response(&format!("{status} No"), &[], b"a page".to_vec());
        }
        let etag = request
            .path
            .trim_start_matches('/')
            .split('?')
            .next()
            .unwrap();
        let mut files = self.commits.iter().flat_map(|(_, _, files)| files);
        let Some(file) = files.find(|f| f.large && f.etag() == etag) else {
            return response("404 Not Found", &[], vec![]);
        };
        let mut bytes = file.bytes.clone();
        if let Some(last) = bytes.last_mut().filter(|_| self.corrupts) {
            *last ^= 1;
        }
        let from = request.range.as_deref().filter(|_| !self.no_ranges);
        let from = from.and_then(|r| r.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        let (head, body, ..) = match from {
            Some(from) if from < bytes.len() => {
                let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
                let headers = [format!("Content-Range: {range}")];
                response("206 Partial Content", &headers, bytes.split_off(from))
            }
            Some(_) => response("416 Range Not Satisfiable", &[], vec![]),
            None => response("200 OK", &[], bytes),
        };
        let failure =
            (!self.transfer_failures.is_empty()).then(|| self.transfer_failures.remove(0));
        (head, body, failure, self.pause)
    }
}
