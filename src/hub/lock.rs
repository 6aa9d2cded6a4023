//! One process receives a blob; the others wait for it. `huggingface_hub`
//! takes the same lock.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use super::HubError;
use super::store::{cannot_write, make_parent};

/// How often one that waits looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Waits for the lock, and holds it until the file is dropped, or the process
/// ends in whatever way. `waiting` is called before each pause.
///
/// `None` where the file system has no locks: what two processes write at once
/// does not pass the check of its hash.
pub(super) fn lock(
    path: &Path,
    waiting: &mut dyn FnMut() -> Result<(), HubError>,
) -> Result<Option<File>, HubError> {
    make_parent(path)?;
    loop {
        let file = open(path).map_err(cannot_write(path))?;
        match file.try_lock() {
            Ok(()) if is_removed(&file) => {}
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => {
                waiting()?;
                std::thread::sleep(PAUSE);
            }
            Err(TryLockError::Error(e)) if e.kind() == ErrorKind::Unsupported => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(cannot_write(path)(e)),
        }
    }
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
    fn waiting_can_be_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blob.lock");
        let _held = lock(&path, &mut || Ok(())).unwrap();
        let ended = lock(&path, &mut || Err(HubError::Cancelled { id: "a/b".into() }));
        assert!(matches!(ended, Err(HubError::Cancelled { .. })));
    }
}
