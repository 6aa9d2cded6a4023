//! An output file that is written completely or not at all. Its path is checked before any work is
//! done.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use resnet_wgpu::low_level::whole_file::{replace, temporary};

use crate::failure::Failure;
use crate::term;

/// A path that has been checked to be writable.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    display_path: String,
}

impl OutputFile {
    /// Checks that a file can be created at `path`, and that `path` is none of the input files
    /// `read`.
    pub fn at<'a>(
        path: &Path,
        read: impl IntoIterator<Item = &'a PathBuf>,
    ) -> Result<Self, Failure> {
        let display_path = term::display_path(path);
        if let Ok(existing) = fs::canonicalize(path)
            && (read.into_iter()).any(|file| fs::canonicalize(file).is_ok_and(|f| f == existing))
        {
            return Err(Failure::Usage(format!(
                "{display_path}: expected a path of its own for the output, found a file that is \
                 read; name another"
            )));
        }
        // If the path is a symbolic link, its target is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(Failure::new(format!(
                "{display_path}: expected a path for a file, found a directory or device; name a \
                 file"
            )));
        }
        if path.file_name().is_none() {
            return Err(Failure::new(format!(
                "{display_path}: expected a path for a file, found none; name a file"
            )));
        }
        let file = Self { path, display_path };
        // Creating a temporary file in the folder tests write access; the file is deleted at once.
        temporary(&file.path).map_err(|e| file.failed(&e))?;
        Ok(file)
    }

    /// Returns whether both outputs refer to the same file.
    pub fn is_same_file(&self, other: &Self) -> bool {
        // The file may not exist yet, but its folder does.
        let target = |path: &Path| {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
            Some(folder.join(path.file_name()?))
        };
        target(&self.path).is_some_and(|here| target(&other.path) == Some(here))
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `bytes` as the whole content of the file.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        replace(&self.path, bytes).map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::new(format!(
            "{}: cannot be written: {error}; check that its directory exists and is writable",
            self.display_path
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_whole_or_not_at_all() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("out");
        let file = OutputFile::at(&path, []).map_err(|e| format!("{e:?}"))?;
        assert!(!path.exists());
        for bytes in [b"one".as_slice(), b"two"] {
            file.write(bytes).map_err(|e| format!("{e:?}"))?;
            assert_eq!(fs::read(&path)?, bytes);
        }
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }

    #[test]
    fn unwritable_paths_are_found() {
        for path in ["/", "/dev/null", "/no/such/directory/out", "..", ""] {
            assert!(OutputFile::at(Path::new(path), []).is_err(), "{path}");
        }
    }
}
