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
pub enum Fate {
    /// The connection ends after this number of bytes.
    Cut(usize),
    /// The connection stalls after this number of bytes.
    Stall(usize),
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
    pub fates: Vec<Fate>,
    /// True if the CDN ignores ranges and always sends whole files.
    pub no_ranges: bool,
    /// True if the CDN changes the last byte.
    pub lies: bool,
    /// A wrong size that the hub announces for large files.
    pub announced: Option<u64>,
    /// A wrong commit and etag that the hub announces for large files.
    pub forged: Option<(&'static str, &'static str)>,
    /// A file, and the wrong commit that the hub announces for the file.
    pub claims: Option<(&'static str, String)>,
    /// The status with which the CDN answers every request.
    pub storage: Option<u16>,
    /// True if the hub redirects every request to the CDN's `/login`.
    pub portal: bool,
    /// The pause after each 64 KiB.
    pub pause: Duration,
    /// All requests so far.
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
                    // A client may close the connection early, so errors are ignored.
                    thread::spawn(move || server.answer(stream, is_cdn).ok());
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
        let (head, body, fate, pause) = if cdn {
            self.state().blob(&seen)
        } else {
            self.state().resolve(&seen, self.cdn)
        };
        let index = {
            let mut state = self.state();
            state.seen.push(seen.clone());
            state.seen.len() - 1
        };
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
