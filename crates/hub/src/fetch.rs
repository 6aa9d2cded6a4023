//! A model's files, in order: the small ones first, so that weights in the
//! cache always have their configuration beside them.

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

/// How often the hub is asked what a file is, where it has no time and the
/// cache has no copy.
const ASKED: u32 = 3;

/// A model that is in the cache now.
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
    /// The commit that it is of.
    pub commit: String,
    /// Its weights, `model.safetensors`; the configuration lies beside them.
    pub weights: PathBuf,
    /// Where it came from.
    pub origin: Origin,
    /// Configuration files of which nobody knows whether the model has them,
    /// as the hub was not asked or did not say. Without them labels and
    /// normalisation may be others than the model's own.
    pub unknown: Vec<&'static str>,
}

/// Where a model came from.
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
    /// From the hub: so many bytes were transferred.
    Hub(u64),
    /// From the cache, and the hub says that it is the newest of its revision.
    UpToDate,
    /// From the cache; nobody was asked, as a commit never changes.
    Pinned,
    /// From the cache; nobody was asked, as the options say so.
    Offline,
    /// From the cache, as the hub could not be reached, for that reason: the
    /// revision may have moved on.
    Unreachable(String),
    /// From the cache, as the hub refused to tell of it, or what answered was
    /// no hub, for that reason: the revision may have moved on.
    Refused(String),
}

/// One fetch.
pub(super) struct Fetch<'a> {
    pub options: &'a HubOptions,
    pub client: &'a Client,
    pub id: &'a ModelId,
    pub cache: RepoCache,
}

impl Fetch<'_> {
    /// Fetches what the cache lacks.
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
        // Looked for again: a copy that had lost bytes is gone by now.
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

    /// Asks the hub for the revision's commit, and completes it.
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

    /// What the cache has of that commit.
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

    /// Adds the files of that commit which the cache lacks.
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
            // Otherwise all is there, and a cache that cannot be written is
            // good enough.
            referred?;
        }
        let commit = commit.clone();
        let origin = match written {
            true => Origin::Hub(transferred),
            false => Origin::UpToDate,
        };
        Ok(self.found(&Snapshot { commit, folder }, origin))
    }

    /// Asks the hub what a file is, and again where that may help.
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

    /// Puts a file into its commit's snapshot. Gives the bytes that were
    /// transferred: none where the blob is there already.
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
            // Whoever had the lock before was after the same.
            return Ok(0);
        }
        store::tag(&self.cache);
        // One that has lost bytes would be taken for a copy if the next fails.
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

/// Whether a file is there, through links, with all of its bytes: a crash may
/// have cut off what was not yet on the disk.
fn is_whole(path: &Path, size: u64) -> bool {
    (path.metadata()).is_ok_and(|found| found.is_file() && found.len() == size)
}

/// Whether the hub keeps to itself what a revision is now, or another answered
/// for it: then what it was will do, as it does without a network.
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
