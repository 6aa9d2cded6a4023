//! Atomic replacement of files: a reader sees the old file or the new file, never a partial file.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Creates a temporary file in the folder of `path`, so that `persist` can move the file to `path`.
/// The file is removed when the returned value is dropped.
pub fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let Some(folder) = path.parent() else {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it names no file"));
    };
    let mut options = tempfile::Builder::new();
    options.prefix(".").suffix(".part");
    #[cfg(unix)]
    {
        // These are the permissions that `File::create` requests; the process's umask applies.
        use std::os::unix::fs::PermissionsExt;
        options.permissions(fs::Permissions::from_mode(0o666));
    }
    options.tempfile_in(folder)
}

/// Writes a file and creates its folder if the folder is missing. If `path` is a link, the target
/// of the link is replaced.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = temporary(&path)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_and_nothing_else_is_left() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("made").join("file");
        for bytes in [b"one".as_slice(), b"two"] {
            replace(&path, bytes)?;
            assert_eq!(fs::read(&path)?, bytes);
        }
        assert!(replace(folder.path(), b"three").is_err());
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        assert_eq!(fs::read_dir(folder.path().join("made"))?.count(), 1);
        assert!(replace(Path::new("/"), b"").is_err());
        Ok(())
    }

    /// Checks that a replaced file has the permissions of a file from `File::create`, and that a
    /// link stays a link.
    #[cfg(unix)]
    #[test]
    fn permissions_and_links_stay() -> io::Result<()> {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir()?;
        let [usual, path, link] = ["usual", "path", "link"].map(|name| folder.path().join(name));
        fs::File::create(&usual)?;
        replace(&path, b"one")?;
        let mode = |path: &Path| fs::metadata(path).map(|found| found.permissions().mode());
        assert_eq!(mode(&path)?, mode(&usual)?);
        symlink(&path, &link)?;
        replace(&link, b"two")?;
        assert!(fs::symlink_metadata(&link)?.is_symlink());
        assert_eq!(fs::read(&path)?, b"two");
        Ok(())
    }
}
