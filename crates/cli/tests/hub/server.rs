//! A hub and its CDN on two local ports, with the paths, headers, redirects and failures of the
//! real servers.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Returns a commit's hash that repeats the given digit.
pub fn commit(digit: char) -> String {
    digit.to_string().repeat(40)
}

/// A file of a repository.
#[derive(Clone)]
pub struct File {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    /// True if the CDN serves the file and names it by its sha256. Otherwise the hub serves the
    /// file and names it by git's sha1.
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

/// A failure of the transfer of a body.
#[derive(Clone, Copy)]
pub enum TransferFailure {
    /// The connection ends after this number of bytes.
    Cut(usize),
    /// The connection stalls after this number of bytes.
    Stall(usize),
}

/// The server that received a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Hub,
    Cdn,
}

/// The contents and the failures of the server.
#[derive(Default)]
pub struct State {
    /// The repository, a commit, and the files of that commit.
    pub commits: Vec<(&'static str, String, Vec<File>)>,
    /// The repository, a branch or tag, and its commit.
    pub revisions: Vec<(&'static str, &'static str, String)>,
    /// The old and new names of repositories.
    pub renamed: Vec<(&'static str, &'static str)>,
    /// The token that requests must have.
    pub token: Option<&'static str>,
    /// The status and X-Error-Code with which the hub refuses every request.
    pub refusal: Option<(u16, &'static str)>,
    /// The number of requests that the hub answers as busy.
    pub busy: usize,
    /// The failures of the CDN's next bodies, in order. Later bodies arrive whole.
    pub transfer_failures: Vec<TransferFailure>,
    /// True if the CDN ignores ranges and always sends whole files.
    pub no_ranges: bool,
    /// True if the CDN changes the last byte.
    pub corrupts: bool,
    /// A wrong size that the hub announces for large files.
    pub announced_size: Option<u64>,
    /// A wrong commit and etag that the hub announces for large files.
    pub forged: Option<(&'static str, &'static str)>,
    /// A file, and the wrong commit that the hub announces for the file.
    pub wrong_commit: Option<(&'static str, String)>,
    /// The status with which the CDN answers every request.
    pub cdn_status: Option<u16>,
    /// True if the hub redirects every request to the CDN's `/login`.
    pub captive_portal: bool,
    /// The pause after each 64 KiB.
    pub pause: Duration,
    /// All requests so far.
    pub requests: Vec<RecordedRequest>,
}

/// A request.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    pub cdn: bool,
    pub method: String,
    pub path: String,
    pub range: Option<String>,
    pub authorization: Option<String>,
    /// The number of bytes of the body that were sent.
    pub sent: usize,
}

/// The hub and its CDN, which run until the test's process ends.
#[derive(Clone)]
pub struct Server {
    state: Arc<Mutex<State>>,
    hub: u16,
    cdn: u16,
}

impl Server {
    pub fn start(state: State) -> Self {
        let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
        let hub = listen();
        let cdn = listen();
        let server = Self {
            state: Arc::new(Mutex::new(state)),
            hub: hub.local_addr().unwrap().port(),
            cdn: cdn.local_addr().unwrap().port(),
        };
        for (listener, role) in [(hub, Role::Hub), (cdn, Role::Cdn)] {
            let server = server.clone();
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let server = server.clone();
                    // A client may close the connection early, so errors are ignored.
                    thread::spawn(move || server.answer(stream, role).ok());
                }
            });
        }
        server
    }

    /// Returns the hub's address.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.hub)
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Returns the requests since the last call.
    pub fn take_requests(&self) -> Vec<RecordedRequest> {
        std::mem::take(&mut self.state().requests)
    }

    /// Returns the bytes that the storage has sent since the last call.
    pub fn take_sent_bytes(&self) -> usize {
        let requests = self.take_requests();
        requests.iter().filter(|s| s.cdn).map(|s| s.sent).sum()
    }

    fn answer(&self, mut stream: TcpStream, role: Role) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        let mut words = first.split(' ').map(str::to_owned);
        let mut request = RecordedRequest {
            cdn: role == Role::Cdn,
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
                "range" => request.range = Some(value.to_owned()),
                "authorization" => request.authorization = Some(value.to_owned()),
                _ => {}
            }
        }
        let (head, body, failure, pause) = match role {
            Role::Cdn => self.state().blob(&request),
            Role::Hub => self.state().resolve(&request, self.cdn),
        };
        let index = {
            let mut state = self.state();
            state.requests.push(request.clone());
            state.requests.len() - 1
        };
        stream.write_all(head.as_bytes())?;
        if request.method == "HEAD" {
            return Ok(());
        }
        let whole = match failure {
            Some(TransferFailure::Cut(n) | TransferFailure::Stall(n)) => n.min(body.len()),
            None => body.len(),
        };
        for piece in body[..whole].chunks(1 << 16) {
            stream.write_all(piece)?;
            if let Some(request) = self.state().requests.get_mut(index) {
                request.sent += piece.len();
            }
            thread::sleep(pause);
        }
        if let Some(TransferFailure::Stall(_)) = failure {
            thread::sleep(Duration::from_secs(60));
        }
        Ok(())
    }
}
