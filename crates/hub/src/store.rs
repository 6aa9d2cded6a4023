//! Writing to the cache: links, references and markers. A reader sees each file either whole or not
//! at all.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use super::cache::RepoCache;
use super::id::is_commit;
use super::remote::RemoteFile;
use super::{HubError, HubOptions};

/// The content of the file that marks a folder as a cache for backup programs
/// (bford.info/cachedir).
const CACHE_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
                         # This folder is a cache of models of the Hugging Face hub.\n";

/// Returns a function that converts an I/O error into an error that names the path.
pub(super) fn cannot_write(path: &Path) -> impl FnOnce(io::Error) -> HubError {
    let path = path.to_owned();
    |source| HubError::Write { path, source }
}

/// Creates the parent folder of a file.
pub(super) fn make_parent(path: &Path) -> Result<(), HubError> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    fs::create_dir_all(folder).map_err(cannot_write(folder))
}

/// Marks the folder as a cache. A failure is ignored, because the marker is optional.
pub(super) fn tag(cache: &RepoCache) {
    let tag = cache.root.join("CACHEDIR.TAG");
    if !tag.exists() {
        let _ = fs::write(tag, CACHE_TAG);
    }
}

/// The state of a blob before a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlobState {
    /// The blob did not exist, so no other snapshot can refer to it.
    New,
    /// The blob existed, and other snapshots may refer to it.
    Existing,
}

/// Adds a blob to a commit's snapshot as a symbolic link. Without symbolic links the file itself is
/// stored: a new blob is moved, and an existing blob is copied.
pub(super) fn link(
    cache: &RepoCache,
    options: &HubOptions,
    remote: &RemoteFile,
    file: &str,
    state: BlobState,
) -> Result<(), HubError> {
    let RemoteFile { commit, etag, .. } = remote;
    let blob = cache.blob(etag, "");
    let path = cache.snapshot(commit).join(file);
    make_parent(&path)?;
    // Write to a temporary name first: a concurrent reader sees the old file or the new file.
    let temporary_path = cache
        .snapshot(commit)
        .join(format!(".{file}.{}", std::process::id()));
    let _ = fs::remove_file(&temporary_path);
    let target = Path::new("../../blobs").join(etag);
    let linked = options.symlinks && symlink(&target, &temporary_path).is_ok();
    let stored = match (linked, state) {
        (true, _) => fs::rename(&temporary_path, &path),
        (false, BlobState::New) => match fs::rename(&blob, &path) {
            // Without locks, another process may already have moved the blob to this path.
            Err(error) if error.kind() == ErrorKind::NotFound && path.is_file() => Ok(()),
            moved => moved,
        },
        (false, BlobState::Existing) => {
            fs::copy(&blob, &temporary_path).and_then(|_| fs::rename(&temporary_path, &path))
        }
    };
    if stored.is_err() {
        let _ = fs::remove_file(&temporary_path);
    }
    stored.map_err(cannot_write(&path))
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(windows)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    // Windows does not follow links that contain slashes.
    let target: std::path::PathBuf = target.components().collect();
    std::os::windows::fs::symlink_file(target, link)
}

#[cfg(not(any(unix, windows)))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Records the commit of a revision. A revision that is itself a commit needs no record.
pub(super) fn record_commit(
    cache: &RepoCache,
    revision: &str,
    commit: &str,
) -> Result<(), HubError> {
    let path = cache.reference(revision);
    let same = || fs::read_to_string(&path).is_ok_and(|text| text == commit);
    if is_commit(revision) || same() {
        return Ok(());
    }
    make_parent(&path)?;
    replace(&path, commit.as_bytes()).map_err(cannot_write(&path))
}

/// Replaces a file atomically: a reader sees the old file or the new file.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = temporary(path)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Creates a temporary file in the folder of `path`.
pub(super) fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let mut options = tempfile::Builder::new();
    options.prefix(".").suffix(".part");
    #[cfg(unix)]
    {
        // `File::create` uses this mode, too; the process's umask applies.
        use std::os::unix::fs::PermissionsExt;
        options.permissions(fs::Permissions::from_mode(0o666));
    }
    options.tempfile_in(path.parent().unwrap_or(path))
}

/// Records that a commit has no such file. If the record cannot be written, the next run asks the
/// hub again.
pub(super) fn note_absent(cache: &RepoCache, commit: &str, file: &str) {
    let path = cache.absent(commit, file);
    if make_parent(&path).is_ok() {
        let _ = fs::write(path, "");
    }
}

/// Removes a file if the file exists.
pub(super) fn remove(path: &Path) -> Result<(), HubError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot_write(path)(error)),
        _ => Ok(()),
    }
}
