//! File locks, also for file systems without locks.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};

/// The result of an attempt to lock a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockStatus {
    /// The lock is held until the file is closed.
    Held,
    /// Another process holds the lock.
    Busy,
    /// The file system does not support locks, so no process can hold one.
    Unsupported,
}

/// Tries to lock a file without waiting.
pub fn try_lock(file: &File) -> io::Result<LockStatus> {
    match file.try_lock() {
        Ok(()) => Ok(LockStatus::Held),
        Err(TryLockError::WouldBlock) => Ok(LockStatus::Busy),
        Err(TryLockError::Error(e)) if has_no_locks(&e) => Ok(LockStatus::Unsupported),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// Returns whether the error means that the file system does not support locks.
fn has_no_locks(error: &io::Error) -> bool {
    error.kind() == ErrorKind::Unsupported
        || (NO_LOCKS.is_some() && error.raw_os_error() == NO_LOCKS)
}

/// The system's error number for `ENOLCK`. The standard library has no error kind for it. NFS
/// returns it if no lock service is running.
const NO_LOCKS: Option<i32> = if cfg!(any(target_os = "linux", target_os = "android")) {
    // These architectures have another number for `ENOLCK`, and 37 has another meaning there.
    if cfg!(any(
        target_arch = "mips",
        target_arch = "mips64",
        target_arch = "sparc",
        target_arch = "sparc64"
    )) {
        None
    } else {
        Some(37)
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
        let first = File::create(&path)?;
        let second = File::create(&path)?;
        assert_eq!(try_lock(&first)?, LockStatus::Held);
        assert_eq!(try_lock(&second)?, LockStatus::Busy);
        drop(first);
        assert_eq!(try_lock(&second)?, LockStatus::Held);
        Ok(())
    }

    #[test]
    fn systems_say_in_two_ways_that_there_are_no_locks() {
        assert!(has_no_locks(&ErrorKind::Unsupported.into()));
        assert!(!has_no_locks(&ErrorKind::PermissionDenied.into()));
        // `NO_LOCKS == None` must not match an error without a system number.
        assert!(!has_no_locks(&io::Error::other("full")));
        if let Some(number) = NO_LOCKS {
            let error = io::Error::from_raw_os_error(number);
            let says = error.to_string().to_lowercase();
            assert!(has_no_locks(&error) && says.contains("lock"), "{says}");
        }
    }
}
