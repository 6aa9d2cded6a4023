//! A hub and its CDN on two local ports: the paths, headers and redirects of
//! the real ones, and their bad days.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// A commit's hash, from a digit that tells it from others.
pub fn commit(digit: char) -> String {
    digit.to_string().repeat(40)
}

/// A file of a repository.
#[derive(Clone)]
pub struct File {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    /// Served by the CDN, and named by its sha256; else by the hub itself, and
    /// named by git's sha1.
    pub large: bool,
}

impl File {
    pub fn large(name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self {
            name,
            bytes,
            large: true,
        }
    }

    pub fn small(name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self {
            name,
            bytes,
            large: false,
        }
    }

    pub fn etag(&self) -> String {
        if self.large {
            return hex(&Sha256::digest(&self.bytes));
        }
        let mut hash = Sha1::new();
        hash.update(format!("blob {}\0", self.bytes.len()));
        hash.update(&self.bytes);
        hex(&hash.finalize())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// What a body suffers on its way.
#[derive(Clone, Copy)]
pub enum Fate {
    /// So many bytes, then the connection ends.
    Cut(usize),
    /// So many bytes, then nothing any more.
    Stall(usize),
}

/// What is served, and how badly.
#[derive(Default)]
pub struct State {
    /// Repository, commit, and the files of that commit.
    pub commits: Vec<(&'static str, String, Vec<File>)>,
    /// Repository, branch or tag, and its commit.
    pub revisions: Vec<(&'static str, &'static str, String)>,
    /// Old and new names of repositories.
    pub renamed: Vec<(&'static str, &'static str)>,
    /// Only who has that token is let in.
    pub token: Option<&'static str>,
    /// How everyone is turned away: status and X-Error-Code.
    pub refusal: Option<(u16, &'static str)>,
    /// How often the hub has no time.
    pub busy: usize,
    /// What the bodies of the CDN suffer, in order; later ones arrive.
    pub fates: Vec<Fate>,
    /// The CDN sends whole files always.
    pub no_ranges: bool,
    /// The CDN changes the last byte.
    pub lies: bool,
    /// The size that is announced for large files, instead of theirs.
    pub announced: Option<u64>,
    /// The commit and the etag that are said of large files, instead of theirs.
    pub forged: Option<(&'static str, &'static str)>,
    /// A pause after each 64 KiB.
    pub pause: Duration,
    /// All requests.
    pub seen: Vec<Seen>,
}

/// A request.
#[derive(Debug, Clone)]
pub struct Seen {
    pub cdn: bool,
    pub method: String,
    pub path: String,
    pub range: Option<String>,
    pub authorization: Option<String>,
    /// Bytes of the body that were sent.
    pub sent: usize,
}

/// The hub and its CDN; they last as long as the test's process.
#[derive(Clone)]
pub struct Server {
    state: Arc<Mutex<State>>,
    hub: u16,
    cdn: u16,
}

impl Server {
    pub fn start(state: State) -> Self {
        let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
        let (hub, cdn) = (listen(), listen());
        let server = Self {
            state: Arc::new(Mutex::new(state)),
            hub: hub.local_addr().unwrap().port(),
            cdn: cdn.local_addr().unwrap().port(),
        };
        for (listener, is_cdn) in [(hub, false), (cdn, true)] {
            let server = server.clone();
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let server = server.clone();
                    // Whoever hangs up has what he wants.
                    thread::spawn(move || server.answer(stream, is_cdn).ok());
                }
            });
        }
        server
    }

    /// The hub's address.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.hub)
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The requests since the last time.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state().seen)
    }

    fn answer(&self, mut stream: TcpStream, cdn: bool) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        let mut words = first.split(' ').map(str::to_owned);
        let mut seen = Seen {
            cdn,
            method: words.next().unwrap_or_default(),
            path: words.next().unwrap_or_default(),
            range: None,
            authorization: None,
            sent: 0,
        };
        for line in lines {
            let line = line?;
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "range" => seen.range = Some(value.to_owned()),
                "authorization" => seen.authorization = Some(value.to_owned()),
                _ => {}
            }
        }
        let reply = match cdn {
            true => self.state().blob(&seen),
            false => self.state().resolve(&seen, self.cdn),
        };
        let index = {
            let mut state = self.state();
            state.seen.push(seen.clone());
            state.seen.len() - 1
        };
        let (head, body, fate, pause) = reply;
        stream.write_all(head.as_bytes())?;
        if seen.method == "HEAD" {
            return Ok(());
        }
        let whole = match fate {
            Some(Fate::Cut(n) | Fate::Stall(n)) => n.min(body.len()),
            None => body.len(),
        };
        for piece in body[..whole].chunks(1 << 16) {
            stream.write_all(piece)?;
            if let Some(seen) = self.state().seen.get_mut(index) {
                seen.sent += piece.len();
            }
            thread::sleep(pause);
        }
        if let Some(Fate::Stall(_)) = fate {
            thread::sleep(Duration::from_secs(60));
        }
        Ok(())
    }
}

type Reply = (String, Vec<u8>, Option<Fate>, Duration);

fn reply(status: &str, headers: &[String], body: Vec<u8>) -> Reply {
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
    /// `/{org}/{name}/resolve/{revision}/{file}`, and where small files are.
    fn resolve(&mut self, seen: &Seen, cdn: u16) -> Reply {
        let error =
            |status: &str, code: &str| reply(status, &[format!("X-Error-Code: {code}")], vec![]);
        if self.busy > 0 {
            self.busy -= 1;
            return reply(
                "503 Service Unavailable",
                &["Retry-After: 0".into()],
                vec![],
            );
        }
        if let Some((status, code)) = self.refusal {
            return error(&format!("{status} No"), code);
        }
        let token = seen.authorization.as_deref();
        if let Some(wanted) = self.token
            && token != Some(format!("Bearer {wanted}").as_str())
        {
            return error("401 Unauthorized", "RepoNotFound");
        }
        let path = seen.path.split('?').next().unwrap();
        let own = path.strip_prefix("/api/resolve-cache");
        let parts: Vec<&str> = own.unwrap_or(path).split('/').collect();
        let [_, org, name, "resolve", revision, file] = parts[..] else {
            return reply("200 OK", &[], b"<html>a page</html>".to_vec());
        };
        let repo = format!("{org}/{name}");
        if let Some((_, new)) = self.renamed.iter().find(|(old, _)| *old == repo) {
            let location = format!("Location: /{new}/resolve/{revision}/{file}");
            return reply("307 Temporary Redirect", &[location], vec![]);
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
        let belongs = format!("X-Repo-Commit: {commit}");
        let Some(file) = files.iter().find(|f| f.name == file) else {
            let code = "X-Error-Code: EntryNotFound".to_owned();
            return reply("404 Not Found", &[code, belongs], vec![]);
        };
        let etag = file.etag();
        if let Some((commit, etag)) = self.forged.filter(|_| file.large) {
            let size = format!("X-Linked-Size: {}", file.bytes.len());
            let belongs = format!("X-Repo-Commit: {commit}");
            return reply(
                "200 OK",
                &[belongs, format!("ETag: \"{etag}\""), size],
                vec![],
            );
        }
        if file.large {
            let size = self.announced.unwrap_or(file.bytes.len() as u64);
            let headers = [
                belongs,
                format!("X-Linked-Etag: \"{etag}\""),
                format!("X-Linked-Size: {size}"),
                format!("Location: http://127.0.0.1:{cdn}/{etag}?signature=xyz"),
            ];
            return reply("302 Found", &headers, b"Found. Redirecting".to_vec());
        }
        if own.is_none() {
            let location = format!("Location: /api/resolve-cache{path}?etag=%22{etag}%22");
            return reply("307 Temporary Redirect", &[belongs, location], vec![]);
        }
        let length = format!("Content-Length: {}", file.bytes.len());
        let headers = [belongs, format!("ETag: \"{etag}\""), length];
        reply("200 OK", &headers, file.bytes.clone())
    }

    /// `/{etag}`, from a byte on.
    fn blob(&mut self, seen: &Seen) -> Reply {
        let etag = seen.path.trim_start_matches('/').split('?').next().unwrap();
        let mut files = self.commits.iter().flat_map(|(_, _, files)| files);
        let Some(file) = files.find(|f| f.large && f.etag() == etag) else {
            return reply("404 Not Found", &[], vec![]);
        };
        let mut bytes = file.bytes.clone();
        if let Some(last) = bytes.last_mut().filter(|_| self.lies) {
            *last ^= 1;
        }
        let from = seen.range.as_deref().filter(|_| !self.no_ranges);
        let from = from.and_then(|r| r.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        let (head, body, ..) = match from {
            Some(from) if from < bytes.len() => {
                let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
                let headers = [format!("Content-Range: {range}")];
                reply("206 Partial Content", &headers, bytes.split_off(from))
            }
            Some(_) => reply("416 Range Not Satisfiable", &[], vec![]),
            None => reply("200 OK", &[], bytes),
        };
        let fate = (!self.fates.is_empty()).then(|| self.fates.remove(0));
        (head, body, fate, self.pause)
    }
}
