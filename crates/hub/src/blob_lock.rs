//! Locks that let one process download a blob while other processes wait for the result.
//! `huggingface_hub` uses the same lock files.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::HubError;
use super::store::{cannot_write, make_parent, temporary};
use crate::file_lock::{LockStatus, try_lock};

/// The interval at which a waiting process tries the lock again.
const PAUSE: Duration = Duration::from_millis(100);

/// Waits for the lock and returns the locked file. The lock is held until the file is dropped or
/// the process ends, even if the process is killed. `waiting` is called before each pause.
///
/// Returns `None` if the file system has no locks. In this case each process downloads with
/// [`with_private_file`].
pub(super) fn lock(
    path: &Path,
    waiting: &mut dyn FnMut() -> Result<(), HubError>,
) -> Result<Option<File>, HubError> {
    make_parent(path)?;
    loop {
        let file = open(path).map_err(cannot_write(path))?;
        match try_lock(&file).map_err(cannot_write(path))? {
            LockStatus::Held if is_removed(&file) => {}
            LockStatus::Held => return Ok(Some(file)),
            LockStatus::Busy => {
                waiting()?;
                std::thread::sleep(PAUSE);
            }
            LockStatus::Unsupported => return Ok(None),
        }
    }
}

/// Downloads without a lock, into a private file that no other process writes. If two processes
/// wrote to one file, the content would fail its check, and each would delete the other's bytes.
///
/// The first process takes over the partial file that an earlier run left at `part`. If the
/// download fails, the received bytes are moved back to `part`. The bytes are lost only if the
/// process is killed.
pub(super) fn with_private_file<T>(
    part: &Path,
    receive: impl FnOnce(&Path) -> Result<T, HubError>,
) -> Result<T, HubError> {
    // The temporary file is removed at the end, unless it was moved away.
    let own = temporary(part)
        .map_err(cannot_write(part))?
        .into_temp_path();
    let _ = fs::rename(part, &own);
    let received = receive(&own);
    if received.is_err() {
        let _ = fs::rename(&own, part);
    }
    received
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        // `huggingface_hub` uses this mode, too: users of one group may share a cache.
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o664);
    }
    options.open(path)
}

/// Returns whether another process removed the file between opening and locking. `huggingface_hub`
/// removes its lock file when it has finished. The lock on a removed file guards nothing.
#[cfg(unix)]
fn is_removed(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata().is_ok_and(|kind| kind.nlink() == 0)
}

#[cfg(not(unix))]
fn is_removed(_: &File) -> bool {
    // On other systems than Unix, an open file cannot be removed.
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn the_second_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("locks/blob.lock");
        let first = lock(&path, &mut || panic!("nobody holds it")).unwrap();
        assert!(first.is_some());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut notices = 0;
                let begun = Instant::now();
                let mut waiting = || {
                    notices += 1;
                    Ok(())
                };
                assert!(lock(&path, &mut waiting).unwrap().is_some());
                assert!(notices > 0 && begun.elapsed() >= PAUSE);
            });
            std::thread::sleep(3 * PAUSE);
            drop(first);
        });
    }

    #[test]
    fn without_locks_nobody_writes_anothers_file() -> Result<(), Box<dyn std::error::Error>> {
        let cut = || HubError::Cancelled { id: "a/b".into() };
        let folder = tempfile::tempdir()?;
        let part = folder.path().join("etag.incomplete");
        fs::write(&part, "left")?;
        let first = with_private_file(&part, |own| {
            assert_eq!(fs::read(own).unwrap(), b"left");
            assert!(own != part && own.parent() == part.parent());
            let second = with_private_file(&part, |other| {
                assert!(other != own && fs::read(other).unwrap().is_empty());
                fs::rename(other, folder.path().join("etag")).map_err(cannot_write(other))
            });
            second.unwrap();
            fs::write(own, "left and more").unwrap();
            Err::<(), _>(cut())
        });
        assert!(matches!(first, Err(HubError::Cancelled { .. })));
        assert_eq!(fs::read(&part)?, b"left and more");
        // A partial file that was rejected and deleted is not restored.
        let third = with_private_file(&part, |own| {
            fs::remove_file(own).map_err(cannot_write(own))?;
            Err::<(), _>(cut())
        });
        assert!(third.is_err());
        let names = fs::read_dir(folder.path())?.map(|entry| Ok(entry?.file_name()));
        assert_eq!(names.collect::<io::Result<Vec<_>>>()?, ["etag"]);
        Ok(())
    }

    #[test]
    fn waiting_can_be_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blob.lock");
        let _held = lock(&path, &mut || Ok(())).unwrap();
        let ended = lock(&path, &mut || Err(HubError::Cancelled { id: "a/b".into() }));
        assert!(matches!(ended, Err(HubError::Cancelled { .. })));
    }
}
