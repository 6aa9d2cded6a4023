//! One process receives a blob; the others wait for it. `huggingface_hub`
//! takes the same lock.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::HubError;
use super::store::{cannot_write, make_parent, temporary};
use crate::locks::{Lock, try_lock};

/// How often one that waits looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Waits for the lock, and holds it until the file is dropped, or the process
/// ends in whatever way. `waiting` is called before each pause.
///
/// `None` where the file system has no locks: then each process receives
/// [alone].
pub(super) fn lock(
    path: &Path,
    waiting: &mut dyn FnMut() -> Result<(), HubError>,
) -> Result<Option<File>, HubError> {
    make_parent(path)?;
    loop {
        let file = open(path).map_err(cannot_write(path))?;
        match try_lock(&file).map_err(cannot_write(path))? {
            Lock::Held if is_removed(&file) => {}
            Lock::Held => return Ok(Some(file)),
            Lock::Busy => {
                waiting()?;
                std::thread::sleep(PAUSE);
            }
            Lock::Nowhere => return Ok(None),
        }
    }
}

/// Receives without a lock: into a file that nobody else writes, since what two
/// write into one passes no check, and each would delete what the other has.
/// What an earlier run left at `part` is taken over by the first to come, and
/// what came until it broke off is left there. Only that of a process which was
/// killed is lost.
pub(super) fn alone<T>(
    part: &Path,
    receive: impl FnOnce(&Path) -> Result<T, HubError>,
) -> Result<T, HubError> {
    // Removed at the end, unless it was moved away.
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
        // As huggingface_hub has it: users of one group may share a cache.
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o664);
    }
    options.open(path)
}

/// Whether another process removed the file between its opening and locking,
/// as `huggingface_hub` does when it is done: then the lock guards nothing.
#[cfg(unix)]
fn is_removed(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata().is_ok_and(|kind| kind.nlink() == 0)
}

#[cfg(not(unix))]
fn is_removed(_: &File) -> bool {
    // A file that is open cannot be removed.
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
                let mut told = 0;
                let begun = Instant::now();
                let mut waiting = || {
                    told += 1;
                    Ok(())
                };
                assert!(lock(&path, &mut waiting).unwrap().is_some());
                assert!(told > 0 && begun.elapsed() >= PAUSE);
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
        let first = alone(&part, |own| {
            assert_eq!(fs::read(own).unwrap(), b"left");
            assert!(own != part && own.parent() == part.parent());
            let second = alone(&part, |other| {
                assert!(other != own && fs::read(other).unwrap().is_empty());
                fs::rename(other, folder.path().join("etag")).map_err(cannot_write(other))
            });
            second.unwrap();
            fs::write(own, "left and more").unwrap();
            Err::<(), _>(cut())
        });
        assert!(matches!(first, Err(HubError::Cancelled { .. })));
        assert_eq!(fs::read(&part)?, b"left and more");
        // What was refused and deleted stays so.
        let third = alone(&part, |own| {
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
