//! The fetch of a model's files. The small files come first, so that weights in the cache always
//! have their configuration next to them.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::cache::{RepoCache, Snapshot};
use super::download::Download;
use super::event::{Event, Tell};
use super::files::{CONFIGS, MAX_FILE_BYTES, WEIGHTS};
use super::http::{Client, Trouble};
use super::lock::{alone, lock};
use super::remote::{Answer, Remote, look_up};
use super::{HubError, HubOptions, ModelId, store};

/// The number of requests for a file's description if the hub is busy and the cache has no copy.
const ASKED: u32 = 3;

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
pub struct Fetched {
    /// The commit of the files.
    pub commit: String,
    /// The path of the weights, `model.safetensors`. The configuration files are in the same
    /// folder.
    pub weights: PathBuf,
    /// The provenance of the files.
    pub origin: Origin,
    /// The configuration files that the model may or may not have, because the hub was not asked or
    /// did not answer. Without these files, labels and normalisation may differ from the model's
    /// own.
    pub unknown: Vec<&'static str>,
}

/// The provenance of a model.
///
/// ```
/// use resnet_wgpu_hub::Origin;
///
/// fn note(origin: &Origin) -> Option<String> {
///     match origin {
///         Origin::Unreachable(why) | Origin::Refused(why) => {
///             Some(format!("perhaps not the newest: {why}"))
///         }
///         _ => None,
///     }
/// }
///
/// assert_eq!(note(&Origin::UpToDate), None);
/// assert!(note(&Origin::Unreachable("no network".into())).is_some());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
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
pub(super) struct Fetch<'a> {
    pub options: &'a HubOptions,
    pub client: &'a Client,
    pub id: &'a ModelId,
    pub cache: RepoCache,
}

impl Fetch<'_> {
    /// Fetches the files that are missing from the cache.
    pub fn run(&self, tell: &mut Tell) -> Result<Fetched, HubError> {
        let revision = self.id.revision();
        let cached = self.cache.find(revision);
        let settled = |s: &&Snapshot| CONFIGS.iter().all(|f| self.cache.settled(&s.commit, f));
        if self.id.is_pinned()
            && let Some(snapshot) = cached.as_ref().filter(settled)
        {
            return Ok(self.found(snapshot, Origin::Pinned));
        }
        if self.options.offline {
            return match &cached {
                Some(snapshot) => Ok(self.found(snapshot, Origin::Offline)),
                None => Err(HubError::Offline {
                    id: self.id.to_string(),
                    cache: self.options.cache.clone(),
                }),
            };
        }
        let trouble = match self.ask_and_add(cached.is_none(), tell) {
            Ok(fetched) => return Ok(fetched),
            Err(trouble) => trouble,
        };
        // Search the cache again: a damaged copy may have been removed meanwhile.
        match (self.cache.find(revision), trouble) {
            (Some(snapshot), Trouble::Final(error)) if is_refusal(&error) => {
                let why = error.to_string();
                let own = format!("{}: ", self.id);
                let why = why.strip_prefix(&own).unwrap_or(&why).to_owned();
                Ok(self.found(&snapshot, Origin::Refused(why)))
            }
            (_, Trouble::Final(error)) => Err(error),
            (Some(snapshot), trouble) => {
                Ok(self.found(&snapshot, Origin::Unreachable(trouble.why())))
            }
            (None, trouble) => Err(HubError::Unreachable {
                id: self.id.to_string(),
                endpoint: self.options.endpoint.clone(),
                why: trouble.why(),
                cache: self.options.cache.clone(),
            }),
        }
    }

    /// Asks the hub for the commit of the revision, and fetches the missing files of the commit.
    fn ask_and_add(&self, again: bool, tell: &mut Tell) -> Result<Fetched, Trouble> {
        match self.ask(self.id.revision(), WEIGHTS, again)? {
            Answer::Found(weights) => self.complete(&weights, again, tell),
            Answer::Absent(commit) => {
                if let Some(commit) = commit {
                    store::note_absent(&self.cache, &commit, WEIGHTS);
                }
                let id = self.id.to_string();
                Err(HubError::NoWeights { id }.into())
            }
        }
    }

    /// Describes the files of a snapshot in the cache.
    fn found(&self, snapshot: &Snapshot, origin: Origin) -> Fetched {
        let unknown = CONFIGS.iter().copied();
        let unknown = unknown.filter(|file| !self.cache.settled(&snapshot.commit, file));
        Fetched {
            unknown: unknown.collect(),
            weights: snapshot.folder.join(WEIGHTS),
            commit: snapshot.commit.clone(),
            origin,
        }
    }

    /// Fetches the files of the commit that are missing from the cache.
    fn complete(&self, weights: &Remote, again: bool, tell: &mut Tell) -> Result<Fetched, Trouble> {
        let commit = &weights.commit;
        let mut transferred = 0;
        let mut written = false;
        for file in CONFIGS {
            if self.cache.settled(commit, file) {
                continue;
            }
            match self.ask(commit, file, again)? {
                Answer::Found(remote) => {
                    transferred += self.add(file, &remote, tell)?;
                    written = true;
                }
                Answer::Absent(_) => store::note_absent(&self.cache, commit, file),
            }
        }
        let folder = self.cache.snapshot(commit);
        if !is_whole(&folder.join(WEIGHTS), weights.size) {
            transferred += self.add(WEIGHTS, weights, tell)?;
            written = true;
        }
        let referred = store::refer(&self.cache, self.id.revision(), commit);
        if written {
            // If nothing was written, all files exist, and a read-only cache is no error.
            referred?;
        }
        let commit = commit.clone();
        let origin = if written {
            Origin::Hub(transferred)
        } else {
            Origin::UpToDate
        };
        Ok(self.found(&Snapshot { commit, folder }, origin))
    }

    /// Asks the hub for a file's description. Repeats the request if the hub is busy or the
    /// connection breaks, and `again` is set.
    fn ask(&self, revision: &str, file: &str, again: bool) -> Result<Answer, Trouble> {
        let mut asked = 1;
        loop {
            let endpoint = &self.options.endpoint;
            let answer = look_up(self.client, endpoint, self.id, revision, file);
            let pause = match &answer {
                Err(Trouble::Busy(_, pause)) => *pause,
                Err(Trouble::Cut(_)) => None,
                _ => return answer,
            };
            if asked == ASKED || !again {
                return answer;
            }
            let usual = std::time::Duration::from_millis(500 << asked);
            std::thread::sleep(pause.unwrap_or(usual).min(5 * usual));
            asked += 1;
        }
    }

    /// Adds a file to its commit's snapshot and returns the number of transferred bytes. The number
    /// is 0 if the cache already has the blob.
    fn add(&self, file: &str, remote: &Remote, tell: &mut Tell) -> Result<u64, HubError> {
        let Remote { commit, etag, size } = remote;
        if *size > MAX_FILE_BYTES {
            return Err(HubError::TooLarge {
                id: self.id.to_string(),
                file: file.to_owned(),
                limit: MAX_FILE_BYTES,
                found: *size,
            });
        }
        let place = self.cache.snapshot(commit).join(file);
        let blob = self.cache.blob(etag, "");
        let mut waiting = || match tell(Event::Waiting { file }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(HubError::Cancelled {
                id: self.id.to_string(),
            }),
        };
        let held = lock(&self.cache.lock(etag), &mut waiting)?;
        if is_whole(&place, *size) {
            // Another process that held the lock before has fetched the file.
            return Ok(0);
        }
        store::tag(&self.cache);
        // A damaged copy must not be used if the download fails.
        store::remove(&place)?;
        let new = !is_whole(&blob, *size);
        let mut transferred = 0;
        if new {
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
            transferred = match held {
                Some(_) => download.receive(&part, &blob, tell)?,
                None => alone(&part, |own| download.receive(own, &blob, tell))?,
            };
        }
        let symlinks = self.options.symlinks;
        store::link(&self.cache, etag, commit, file, symlinks, new)?;
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
