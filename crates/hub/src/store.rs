//! Writing to the cache: links, references and markers. A reader sees each file either whole or not
//! at all.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use super::HubError;
use super::cache::RepoCache;
use super::id::is_commit;

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

/// Adds a blob to a commit's snapshot as a symbolic link. Without symbolic links the file itself is
/// stored: the blob is moved if nothing else can refer to it (`new`), and copied otherwise.
pub(super) fn link(
    cache: &RepoCache,
    etag: &str,
    commit: &str,
    file: &str,
    symlinks: bool,
    new: bool,
) -> Result<(), HubError> {
    let blob = cache.blob(etag, "");
    let place = cache.snapshot(commit).join(file);
    make_parent(&place)?;
    // Write to a temporary name first: a concurrent reader sees the old file or the new file.
    let aside = cache
        .snapshot(commit)
        .join(format!(".{file}.{}", std::process::id()));
    let _ = fs::remove_file(&aside);
    let target = Path::new("../../blobs").join(etag);
    let linked = symlinks && symlink(&target, &aside).is_ok();
    let made = match (linked, new) {
        (true, _) => fs::rename(&aside, &place),
        (false, true) => match fs::rename(&blob, &place) {
            // Without locks, another process may already have moved the blob to this place.
            Err(error) if error.kind() == ErrorKind::NotFound && place.is_file() => Ok(()),
            moved => moved,
        },
        (false, false) => fs::copy(&blob, &aside).and_then(|_| fs::rename(&aside, &place)),
    };
    if made.is_err() {
        let _ = fs::remove_file(&aside);
    }
    made.map_err(cannot_write(&place))
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
pub(super) fn refer(cache: &RepoCache, revision: &str, commit: &str) -> Result<(), HubError> {
    let place = cache.reference(revision);
    let same = || fs::read_to_string(&place).is_ok_and(|text| text == commit);
    if is_commit(revision) || same() {
        return Ok(());
    }
    make_parent(&place)?;
    replace(&place, commit.as_bytes()).map_err(cannot_write(&place))
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
    let place = cache.absent(commit, file);
    if make_parent(&place).is_ok() {
        let _ = fs::write(place, "");
    }
}

/// Removes a file if the file exists.
pub(super) fn remove(path: &Path) -> Result<(), HubError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot_write(path)(error)),
        _ => Ok(()),
    }
}
