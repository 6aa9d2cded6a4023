//! The download of one file: resumes an interrupted transfer and checks the bytes.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use ureq::http::StatusCode;
use ureq::http::header::CONTENT_RANGE;

use super::event::{Event, EventSink};
use super::http::{Client, Failure};
use super::partial_file::PartialFile;
use super::remote::{RemoteFile, refusal};
use super::store::{cannot_write, remove};
use super::{HubError, ModelId};

/// The number of consecutive attempts with little progress after which a download fails.
const MAX_FUTILE_ATTEMPTS: u32 = 5;

/// The number of new bytes from which an attempt counts as progress.
const MIN_PROGRESS: u64 = 1 << 16;

/// The size of the read buffer in bytes.
const BUFFER_BYTES: usize = 1 << 17;

/// The longest pause that a server may demand.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// A file to download.
pub(super) struct Download<'a> {
    pub client: &'a Client,
    pub endpoint: &'a str,
    pub id: &'a ModelId,
    pub file: &'a str,
    pub remote: &'a RemoteFile,
}

impl Download<'_> {
    /// Downloads the file to `target` and returns the number of transferred bytes. The bytes go to
    /// the partial file `partial` first, which keeps them if the transfer breaks off.
    pub fn receive(
        &self,
        partial: &Path,
        target: &Path,
        sink: &mut EventSink,
    ) -> Result<u64, HubError> {
        let RemoteFile { etag, size, .. } = self.remote;
        let mut part = PartialFile::open(partial, etag, *size).map_err(cannot_write(partial))?;
        let mut transferred = 0;
        let mut inherited = part.len() > 0;
        loop {
            transferred += self.complete(&mut part, sink)?;
            let Some((expected, found)) = part.fault() else {
                break;
            };
            if inherited {
                // The bytes from an earlier run may be the damaged ones: start again once.
                part.restart().map_err(cannot_write(partial))?;
                inherited = false;
                continue;
            }
            return Err(self.refuse(&part, expected, found));
        }
        part.finish(target).map_err(cannot_write(target))?;
        Ok(transferred)
    }

    /// Requests the file repeatedly until all bytes have arrived.
    fn complete(&self, part: &mut PartialFile, sink: &mut EventSink) -> Result<u64, HubError> {
        let mut furthest = part.len();
        let mut futile = 0;
        let mut transferred = 0;
        self.report(part, sink)?;
        while part.len() < part.size() {
            let outcome = self.attempt(part, &mut transferred, sink);
            if part.len() == part.size() && outcome.is_ok() {
                break;
            }
            let (why, pause) = match outcome {
                Ok(()) => ("the server sent less than it said".to_owned(), None),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Busy(why, pause)) => (why, pause),
                Err(Failure::Cut(why) | Failure::Unreachable(why)) => (why, None),
            };
            futile = if part.len() >= furthest + MIN_PROGRESS {
                0
            } else {
                futile + 1
            };
            furthest = furthest.max(part.len());
            if futile >= MAX_FUTILE_ATTEMPTS {
                return Err(HubError::Interrupted {
                    id: self.id.to_string(),
                    file: self.file.to_owned(),
                    done: part.len(),
                    why,
                });
            }
            let file = self.file;
            self.check_flow(sink(Event::Retrying { file, why: &why }))?;
            let usual = Duration::from_millis(250 << futile);
            std::thread::sleep(pause.unwrap_or(usual).min(MAX_PAUSE));
        }
        Ok(transferred)
    }

    /// Sends one request, starting at the end of the partial file.
    fn attempt(
        &self,
        part: &mut PartialFile,
        transferred: &mut u64,
        sink: &mut EventSink,
    ) -> Result<(), Failure> {
        let from = part.len();
        // The URL names the commit, so that a push during the transfer cannot mix two files.
        let commit = &self.remote.commit;
        let url = self.client.url(self.id.repo(), commit, self.file);
        let reply = self.client.get(&url, from)?;
        let response = &reply.response;
        let range = response.headers().get(CONTENT_RANGE);
        let range = range.and_then(|range| range.to_str().ok());
        let continues = range.is_some_and(|r| r.starts_with(&format!("bytes {from}-")));
        let path = part.path().to_owned();
        let broken = |part: &mut PartialFile, why: &str| {
            part.restart().map_err(cannot_write(&path))?;
            Err(Failure::Cut(why.into()))
        };
        match response.status() {
            StatusCode::PARTIAL_CONTENT if continues => {}
            StatusCode::PARTIAL_CONTENT => return broken(part, "the server sent another range"),
            StatusCode::RANGE_NOT_SATISFIABLE => return broken(part, "the server has less"),
            status if status.is_success() => {
                // The server does not support ranges and sends the whole file.
                part.restart().map_err(cannot_write(&path))?;
            }
            _ => return Err(refusal(&reply, self.endpoint, self.id).into()),
        }
        let body = reply
            .response
            .into_body()
            .into_with_config()
            .limit(u64::MAX);
        let mut body = body.reader();
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let n = body.read(&mut buffer);
            let n = n.map_err(|e| Failure::Cut(e.to_string()))?;
            if n == 0 {
                return Ok(());
            }
            if part.len() + n as u64 > part.size() {
                let expected = format!("{} bytes", part.size());
                return Err(self.refuse(part, expected, "more".into()).into());
            }
            part.append(&buffer[..n]).map_err(cannot_write(&path))?;
            *transferred += n as u64;
            self.report(part, sink)?;
        }
    }

    /// Deletes the partial file and returns the error.
    fn refuse(&self, part: &PartialFile, expected: String, found: String) -> HubError {
        if let Err(error) = remove(part.path()) {
            return error;
        }
        HubError::Damaged {
            id: self.id.to_string(),
            file: self.file.to_owned(),
            expected,
            found,
        }
    }

    fn report(&self, part: &PartialFile, sink: &mut EventSink) -> Result<(), HubError> {
        self.check_flow(sink(Event::Received {
            file: self.file,
            done: part.len(),
            total: part.size(),
        }))
    }

    fn check_flow(&self, flow: ControlFlow<()>) -> Result<(), HubError> {
        match flow {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(HubError::Cancelled {
                id: self.id.to_string(),
            }),
        }
    }
}
