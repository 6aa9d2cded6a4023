//! The fetch of a model's files. The small files come first, so that weights in the cache always
//! have their configuration next to them.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::blob_lock::{lock, with_private_file};
use super::cache::{RepoCache, Snapshot};
use super::download::Download;
use super::event::{Event, EventSink};
use super::files::{CONFIGS, MAX_FILE_BYTES, WEIGHTS};
use super::http::{Client, Failure};
use super::remote::{LookupResult, RemoteFile, look_up};
use super::store::{self, BlobState};
use super::{HubError, HubOptions, ModelId};

/// The number of requests for a file's description if the hub is busy and the cache has no copy.
const MAX_ATTEMPTS: u32 = 3;

/// A model that has been fetched into the cache.
///
/// ```no_run
/// use std::ops::ControlFlow;
///
/// use resnet_wgpu_hub::{Hub, HubOptions, ModelId};
///
/// let hub = Hub::new(HubOptions::from_env()?)?;
/// let id: ModelId = "timm/resnet50.a1_in1k".parse()?;
/// let fetched = hub.fetch(&id, |_| ControlFlow::Continue(()))?;
/// println!("{} of commit {}", fetched.weights.display(), fetched.commit);
/// # Ok::<(), resnet_wgpu_hub::HubError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedModel {
    /// The commit of the files.
    pub commit: String,
    /// The path of the weights, `model.safetensors`. The configuration files are in the same
    /// folder.
    pub weights: PathBuf,
    /// The provenance of the files.
    pub provenance: Provenance,
    /// The configuration files that the model may or may not have, because the hub was not asked or
    /// did not answer. Without these files, labels and normalisation may differ from the model's
    /// own.
    pub unknown: Vec<&'static str>,
}

/// The provenance of a model.
///
/// ```
/// use resnet_wgpu_hub::Provenance;
///
/// fn note(provenance: &Provenance) -> Option<String> {
///     match provenance {
///         Provenance::Unreachable(why) | Provenance::Refused(why) => {
///             Some(format!("perhaps not the newest: {why}"))
///         }
///         _ => None,
///     }
/// }
///
/// assert_eq!(note(&Provenance::UpToDate), None);
/// assert!(note(&Provenance::Unreachable("no network".into())).is_some());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provenance {
    /// Downloaded from the hub, with the number of transferred bytes.
    Hub(u64),
    /// Found in the cache. The hub confirmed that the revision has no newer commit.
    UpToDate,
    /// Found in the cache. No request was sent, because a commit never changes.
    Pinned,
    /// Found in the cache. No request was sent, because the options forbid it.
    Offline,
    /// Found in the cache. The hub was unreachable for the given reason, so the revision may have a
    /// newer commit.
    Unreachable(String),
    /// Found in the cache. The hub refused to answer, or another kind of server answered, for the
    /// given reason. The revision may have a newer commit.
    Refused(String),
}

/// The state of one fetch.
pub(super) struct FetchTask<'a> {
    pub options: &'a HubOptions,
    pub client: &'a Client,
    pub id: &'a ModelId,
    pub cache: RepoCache,
}

impl FetchTask<'_> {
    /// Fetches the files that are missing from the cache.
    pub fn run(&self, sink: &mut EventSink) -> Result<FetchedModel, HubError> {
        let revision = self.id.revision();
        let cached = self.cache.find(revision);
        let is_complete = |s: &&Snapshot| CONFIGS.iter().all(|f| self.cache.is_known(&s.commit, f));
        if self.id.is_pinned()
            && let Some(snapshot) = cached.as_ref().filter(is_complete)
        {
            return Ok(self.describe(snapshot, Provenance::Pinned));
        }
        if self.options.offline {
            return match &cached {
                Some(snapshot) => Ok(self.describe(snapshot, Provenance::Offline)),
                None => Err(HubError::Offline {
                    id: self.id.to_string(),
                    cache: self.options.cache.clone(),
                }),
            };
        }
        let attempts = if cached.is_none() { MAX_ATTEMPTS } else { 1 };
        let failure = match self.update(attempts, sink) {
            Ok(fetched) => return Ok(fetched),
            Err(failure) => failure,
        };
        // Search the cache again: a damaged copy may have been removed meanwhile.
        match (self.cache.find(revision), failure) {
            (Some(snapshot), Failure::Final(error)) if is_refusal(&error) => {
                let why = error.to_string();
                let own = format!("{}: ", self.id);
                let why = why.strip_prefix(&own).unwrap_or(&why).to_owned();
                Ok(self.describe(&snapshot, Provenance::Refused(why)))
            }
            (_, Failure::Final(error)) => Err(error),
            (Some(snapshot), failure) => {
                Ok(self.describe(&snapshot, Provenance::Unreachable(failure.why())))
            }
            (None, failure) => Err(HubError::Unreachable {
                id: self.id.to_string(),
                endpoint: self.options.endpoint.clone(),
                why: failure.why(),
                cache: self.options.cache.clone(),
            }),
        }
    }

    /// Asks the hub for the commit of the revision, and fetches the missing files of the commit.
    fn update(&self, attempts: u32, sink: &mut EventSink) -> Result<FetchedModel, Failure> {
        match self.look_up(self.id.revision(), WEIGHTS, attempts)? {
            LookupResult::Found(weights) => self.complete(&weights, attempts, sink),
            LookupResult::Absent(commit) => {
                if let Some(commit) = commit {
                    store::note_absent(&self.cache, &commit, WEIGHTS);
                }
                let id = self.id.to_string();
                Err(HubError::NoWeights { id }.into())
            }
        }
    }

    /// Describes the files of a snapshot in the cache.
    fn describe(&self, snapshot: &Snapshot, provenance: Provenance) -> FetchedModel {
        let unknown = CONFIGS.iter().copied();
        let unknown = unknown.filter(|file| !self.cache.is_known(&snapshot.commit, file));
        FetchedModel {
            unknown: unknown.collect(),
            weights: snapshot.folder.join(WEIGHTS),
            commit: snapshot.commit.clone(),
            provenance,
        }
    }

    /// Fetches the files of the commit that are missing from the cache.
    fn complete(
        &self,
        weights: &RemoteFile,
        attempts: u32,
        sink: &mut EventSink,
    ) -> Result<FetchedModel, Failure> {
        let commit = &weights.commit;
        let mut transferred = 0;
        let mut written = false;
        for file in CONFIGS {
            if self.cache.is_known(commit, file) {
                continue;
            }
            match self.look_up(commit, file, attempts)? {
                LookupResult::Found(remote) => {
                    transferred += self.add(file, &remote, sink)?;
                    written = true;
                }
                LookupResult::Absent(_) => store::note_absent(&self.cache, commit, file),
            }
        }
        let folder = self.cache.snapshot(commit);
        if !is_whole(&folder.join(WEIGHTS), weights.size) {
            transferred += self.add(WEIGHTS, weights, sink)?;
            written = true;
        }
        let recorded = store::record_commit(&self.cache, self.id.revision(), commit);
        if written {
            // If nothing was written, all files exist, and a read-only cache is no error.
            recorded?;
        }
        let commit = commit.clone();
        let provenance = if written {
            Provenance::Hub(transferred)
        } else {
            Provenance::UpToDate
        };
        Ok(self.describe(&Snapshot { commit, folder }, provenance))
    }

    /// Asks the hub for a file's description. Repeats the request if the hub is busy or the
    /// connection breaks, up to `attempts` requests in all.
    fn look_up(&self, revision: &str, file: &str, attempts: u32) -> Result<LookupResult, Failure> {
        let mut attempt = 1;
        loop {
            let endpoint = &self.options.endpoint;
            let result = look_up(self.client, endpoint, self.id, revision, file);
            let pause = match &result {
                Err(Failure::Busy(_, pause)) => *pause,
                Err(Failure::Cut(_)) => None,
                _ => return result,
            };
            if attempt == attempts {
                return result;
            }
            let usual = std::time::Duration::from_millis(500 << attempt);
            std::thread::sleep(pause.unwrap_or(usual).min(5 * usual));
            attempt += 1;
        }
    }

    /// Adds a file to its commit's snapshot and returns the number of transferred bytes. The number
    /// is 0 if the cache already has the blob.
    fn add(&self, file: &str, remote: &RemoteFile, sink: &mut EventSink) -> Result<u64, HubError> {
        let RemoteFile { commit, etag, size } = remote;
        if *size > MAX_FILE_BYTES {
            return Err(HubError::TooLarge {
                id: self.id.to_string(),
                file: file.to_owned(),
                limit: MAX_FILE_BYTES,
                found: *size,
            });
        }
        let path = self.cache.snapshot(commit).join(file);
        let blob = self.cache.blob(etag, "");
        let mut wait_notice = || match sink(Event::Waiting { file }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(HubError::Cancelled {
                id: self.id.to_string(),
            }),
        };
        let lock_file = lock(&self.cache.lock(etag), &mut wait_notice)?;
        if is_whole(&path, *size) {
            // Another process that held the lock before has fetched the file.
            return Ok(0);
        }
        store::tag(&self.cache);
        // A damaged copy must not be used if the download fails.
        store::remove(&path)?;
        let state = if is_whole(&blob, *size) {
            BlobState::Existing
        } else {
            BlobState::New
        };
        let mut transferred = 0;
        if state == BlobState::New {
            store::make_parent(&blob)?;
            store::remove(&blob)?;
            let download = Download {
                client: self.client,
                endpoint: &self.options.endpoint,
                id: self.id,
                file,
                remote,
            };
            let part = self.cache.blob(etag, ".incomplete");
            transferred = match lock_file {
                Some(_) => download.receive(&part, &blob, sink)?,
                None => with_private_file(&part, |own| download.receive(own, &blob, sink))?,
            };
        }
        store::link(&self.cache, self.options, remote, file, state)?;
        Ok(transferred)
    }
}

/// Returns whether a file exists, through links, with all of its bytes. A crash may have truncated
/// a file that was not yet on the disk.
fn is_whole(path: &Path, size: u64) -> bool {
    (path.metadata()).is_ok_and(|found| found.is_file() && found.len() == size)
}

/// Returns whether the hub refused to describe the revision, or another server answered for it. In
/// this case the cached copy is used, as without a network.
fn is_refusal(error: &HubError) -> bool {
    matches!(
        error,
        HubError::Response { .. }
            | HubError::NoRepository { .. }
            | HubError::NoRevision { .. }
            | HubError::Gated { .. }
            | HubError::Denied { .. }
    )
}
