//! Writing the cache: links, references and marks, each made as a whole.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use super::HubError;
use super::cache::RepoCache;
use super::id::is_commit;

/// What marks a folder as a cache for programs that make backups
/// (bford.info/cachedir).
const CACHE_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
                         # This folder is a cache of models of the Hugging Face hub.\n";

/// An error that names what could not be written.
pub(super) fn cannot_write(path: &Path) -> impl FnOnce(io::Error) -> HubError {
    let path = path.to_owned();
    |source| HubError::Write { path, source }
}

/// Makes the folder that a file is to lie in.
pub(super) fn make_parent(path: &Path) -> Result<(), HubError> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    fs::create_dir_all(folder).map_err(cannot_write(folder))
}

/// Marks the cache as one. That it is not marked does no harm.
pub(super) fn tag(cache: &RepoCache) {
    let tag = cache.root.join("CACHEDIR.TAG");
    if !tag.exists() {
        let _ = fs::write(tag, CACHE_TAG);
    }
}

/// Puts a blob into a commit's snapshot: as a link, or where there are none as
/// the file itself, moved there if nothing else can refer to it (`new`).
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
    // Aside first: whoever looks meanwhile sees the old one or the new one.
    let aside = cache
        .snapshot(commit)
        .join(format!(".{file}.{}", std::process::id()));
    let _ = fs::remove_file(&aside);
    let target = Path::new("../../blobs").join(etag);
    let linked = symlinks && symlink(&target, &aside).is_ok();
    let made = match (linked, new) {
        (true, _) => fs::rename(&aside, &place),
        (false, true) => match fs::rename(&blob, &place) {
            // Without locks, another process may have moved it there.
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
    // Windows follows no slashes in links.
    let target: std::path::PathBuf = target.components().collect();
    std::os::windows::fs::symlink_file(target, link)
}

#[cfg(not(any(unix, windows)))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Notes which commit a revision is; a commit is itself.
pub(super) fn refer(cache: &RepoCache, revision: &str, commit: &str) -> Result<(), HubError> {
    let place = cache.reference(revision);
    let same = || fs::read_to_string(&place).is_ok_and(|text| text == commit);
    if is_commit(revision) || same() {
        return Ok(());
    }
    make_parent(&place)?;
    replace(&place, commit.as_bytes()).map_err(cannot_write(&place))
}

/// Writes a file as a whole: a reader sees the old one or the new one.
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
        // As `File::create` makes files; the process's mask applies.
        use std::os::unix::fs::PermissionsExt;
        options.permissions(fs::Permissions::from_mode(0o666));
    }
    options.tempfile_in(path.parent().unwrap_or(path))
}

/// Notes that a commit has no such file. Where that cannot be noted, the hub
/// is asked again the next time.
pub(super) fn note_absent(cache: &RepoCache, commit: &str, file: &str) {
    let place = cache.absent(commit, file);
    if make_parent(&place).is_ok() {
        let _ = fs::write(place, "");
    }
}

/// Removes a file that need not be there.
pub(super) fn remove(path: &Path) -> Result<(), HubError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot_write(path)(error)),
        _ => Ok(()),
    }
}
