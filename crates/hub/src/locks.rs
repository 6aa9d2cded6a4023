//! Locks on files, and file systems that have none.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};

/// What came of asking for a file's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// It is held until the file is closed.
    Held,
    /// Someone else has it.
    Busy,
    /// The file system has no locks: nobody holds any.
    Nowhere,
}

/// Asks for the lock of a file, and waits for nobody.
pub fn try_lock(file: &File) -> io::Result<Lock> {
    match file.try_lock() {
        Ok(()) => Ok(Lock::Held),
        Err(TryLockError::WouldBlock) => Ok(Lock::Busy),
        Err(TryLockError::Error(e)) if has_no_locks(&e) => Ok(Lock::Nowhere),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// Whether the error says that there are no locks where the file lies.
fn has_no_locks(error: &io::Error) -> bool {
    error.kind() == ErrorKind::Unsupported
        || (NO_LOCKS.is_some() && error.raw_os_error() == NO_LOCKS)
}

/// The system's number for `ENOLCK`, which the standard library has no kind
/// for: NFS says it where no lock service runs.
const NO_LOCKS: Option<i32> = if cfg!(any(target_os = "linux", target_os = "android")) {
    // These have numbers of their own for it, and others in the place of 37.
    match cfg!(any(
        target_arch = "mips",
        target_arch = "mips64",
        target_arch = "sparc",
        target_arch = "sparc64"
    )) {
        true => None,
        false => Some(37),
    }
} else if cfg!(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "netbsd",
    target_os = "openbsd"
)) {
    Some(77)
} else {
    None
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_locked_once() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("lock");
        let (first, second) = (File::create(&path)?, File::create(&path)?);
        assert_eq!(try_lock(&first)?, Lock::Held);
        assert_eq!(try_lock(&second)?, Lock::Busy);
        drop(first);
        assert_eq!(try_lock(&second)?, Lock::Held);
        Ok(())
    }

    #[test]
    fn systems_say_in_two_ways_that_there_are_no_locks() {
        assert!(has_no_locks(&ErrorKind::Unsupported.into()));
        assert!(!has_no_locks(&ErrorKind::PermissionDenied.into()));
        // No number is not the number that another system lacks.
        assert!(!has_no_locks(&io::Error::other("full")));
        if let Some(number) = NO_LOCKS {
            let error = io::Error::from_raw_os_error(number);
            let says = error.to_string().to_lowercase();
            assert!(has_no_locks(&error) && says.contains("lock"), "{says}");
        }
    }
}
