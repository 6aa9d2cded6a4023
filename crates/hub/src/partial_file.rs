//! A partially received file and its running hash.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::digest::Hasher;

/// The size of the buffer, in bytes, for hashing the existing part.
const BUFFER_BYTES: usize = 1 << 18;

/// The received beginning of a file, perhaps from an earlier run.
#[derive(Debug)]
pub(super) struct PartialFile {
    path: PathBuf,
    file: File,
    etag: String,
    size: u64,
    len: u64,
    hasher: Hasher,
}

impl PartialFile {
    /// Opens or creates the partial file of a file with `size` bytes.
    pub fn open(path: &Path, etag: &str, size: u64) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false);
        let mut part = Self {
            path: path.to_owned(),
            file: file.open(path)?,
            etag: etag.to_owned(),
            size,
            len: 0,
            hasher: Hasher::new(etag, size),
        };
        if part.file.metadata()?.len() > size {
            part.restart()?;
        }
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let n = part.file.read(&mut buffer)?;
            if n == 0 {
                return Ok(part);
            }
            part.hasher.update(&buffer[..n]);
            part.len += n as u64;
        }
    }

    /// Returns the number of received bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns the size of the complete file in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the path of the partial file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends the next bytes.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Discards all received bytes.
    pub fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.len = 0;
        self.hasher = Hasher::new(&self.etag, self.size);
        Ok(())
    }

    /// Returns the expected and the found hash if the hash of the complete file is wrong.
    pub fn fault(&self) -> Option<(String, String)> {
        let (kind, found) = self.hasher.clone().finish()?;
        (found != self.etag).then(|| (format!("{kind} {}", self.etag), found))
    }

    /// Moves the complete file to `target`, after flushing it to the disk against a loss of power.
    pub fn finish(self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        let path = self.path;
        drop(self.file);
        std::fs::rename(path, target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_part_is_continued() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part");
        let target = folder.path().join("whole");
        // `printf abcdef | git hash-object --stdin`.
        let etag = "d96dc95707c20a371b14928ee42071f00e00b645";
        let mut part = PartialFile::open(&path, etag, 6).unwrap();
        part.append(b"abc").unwrap();
        drop(part);
        let mut part = PartialFile::open(&path, etag, 6).unwrap();
        assert_eq!(part.len(), 3);
        part.append(b"dex").unwrap();
        let (expected, found) = part.fault().unwrap();
        assert!(expected.ends_with(etag) && found != etag);
        part.restart().unwrap();
        part.append(b"abcdef").unwrap();
        assert_eq!((part.len(), part.fault()), (6, None));
        part.finish(&target).unwrap();
        assert_eq!(std::fs::read(target).unwrap(), b"abcdef");
        assert!(!path.exists());
    }
}
