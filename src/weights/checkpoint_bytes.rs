//! A checkpoint's bytes, either in memory or in a file. The file stays open and is read piece by
//! piece.

use std::borrow::Cow;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::CheckpointError;

/// Bytes that any thread can read from any offset.
pub(crate) struct CheckpointBytes {
    /// The file's path, or the name that stands for the bytes in errors.
    pub name: String,
    /// The total number of bytes.
    pub len: u64,
    location: Location,
}

enum Location {
    Memory(Cow<'static, [u8]>),
    File {
        // The file is never memory-mapped. Access to a mapped file that has been truncated raises a
        // signal; a failed read returns an error.
        file: Mutex<File>,
        modified: Option<SystemTime>,
    },
}

impl std::fmt::Debug for CheckpointBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The output leaves out the contents, which can be gigabytes.
        write!(f, "{} ({} bytes)", self.name, self.len)
    }
}

impl CheckpointBytes {
    /// Creates storage from bytes in memory. `name` stands for the file in errors.
    pub fn memory(name: String, bytes: Cow<'static, [u8]>) -> Self {
        Self {
            name,
            len: bytes.len() as u64,
            location: Location::Memory(bytes),
        }
    }

    /// Creates storage from an open file and its metadata `meta`.
    pub fn file(name: String, file: File, meta: &std::fs::Metadata) -> Self {
        Self {
            name,
            len: meta.len(),
            location: Location::File {
                file: Mutex::new(file),
                modified: meta.modified().ok(),
            },
        }
    }

    /// Fills `out` with the bytes that begin at the offset `from`.
    ///
    /// # Errors
    /// [`CheckpointError::Changed`] if the file's length or modification time has changed since the
    /// file was opened: half of the tensors might come from one training step and half from the
    /// next. [`CheckpointError::Read`] if the bytes end early or the operating system reports an
    /// error.
    pub fn read(&self, from: u64, out: &mut [u8]) -> Result<(), CheckpointError> {
        let failed = |source| CheckpointError::Read {
            file: self.name.clone(),
            source,
        };
        let short = || failed(ErrorKind::UnexpectedEof.into());
        match &self.location {
            Location::Memory(bytes) => {
                let rest = usize::try_from(from).ok().and_then(|at| bytes.get(at..));
                let found = rest.and_then(|rest| rest.get(..out.len()));
                out.copy_from_slice(found.ok_or_else(short)?);
            }
            Location::File { file, modified } => {
                // A poisoned lock is safe to use: a panic can change only the file's position, and
                // the `seek` below sets the position anew.
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                let now = file.metadata().map_err(failed)?;
                if now.len() != self.len || now.modified().ok() != *modified {
                    return Err(CheckpointError::Changed {
                        file: self.name.clone(),
                    });
                }
                file.seek(SeekFrom::Start(from)).map_err(failed)?;
                file.read_exact(out).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Returns the first `most` bytes, or all bytes if the storage has fewer.
    pub fn head(&self, most: u64) -> Result<Vec<u8>, CheckpointError> {
        let mut bytes = vec![0; self.len.min(most) as usize];
        self.read(0, &mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_is_read_anywhere_and_not_after_it_changed() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"0123456789").unwrap();
        let opened = file.reopen().unwrap();
        let meta = opened.metadata().unwrap();
        let storage = CheckpointBytes::file("f".into(), opened, &meta);
        let mut three = [0; 3];
        storage.read(4, &mut three).unwrap();
        assert_eq!(&three, b"456");
        assert_eq!(storage.head(2).unwrap(), b"01");
        assert!(matches!(
            storage.read(8, &mut three),
            Err(CheckpointError::Read { .. })
        ));
        file.as_file().set_len(9).unwrap();
        let error = storage.read(0, &mut three).unwrap_err().to_string();
        assert!(error.starts_with("f: changed since"), "{error}");
    }

    #[test]
    fn memory_ends_where_it_ends() {
        let storage = CheckpointBytes::memory("m".into(), b"abc"[..].into());
        let mut two = [0; 2];
        storage.read(1, &mut two).unwrap();
        assert_eq!(&two, b"bc");
        assert!(storage.read(2, &mut two).is_err());
        assert!(storage.read(u64::MAX, &mut two).is_err());
    }
}
