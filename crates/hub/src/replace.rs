//! Files that are replaced as a whole: a reader sees the old one or the new
//! one, never a part.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Files beside the place that are tried before giving up: those that
/// processes left which were killed while they wrote.
const TRIES: usize = 100;

/// Writes a file beside its place, in a folder that is made where it is
/// missing, then moves it there.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Through a link, the file that it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let (file, beside) = beside(&path)?;
    // It is closed when it is moved.
    let written = write(file, bytes);
    let moved = written.and_then(|()| fs::rename(&beside, &path));
    if moved.is_err() {
        // Nothing is left to do if that fails as well.
        let _ = fs::remove_file(&beside);
    }
    moved
}

fn write(mut file: File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// A new file in the same folder, which no other process or thread writes.
pub fn beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let name = path.file_name();
    let name = name.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "it names no file"))?;
    let mut last = None;
    for n in 0..TRIES {
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.{n}.part", std::process::id()));
        let beside = path.with_file_name(hidden);
        match File::create_new(&beside) {
            Ok(file) => return Ok((file, beside)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => last = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| ErrorKind::AlreadyExists.into()))
}
