//! File access for datasets.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use resnet_wgpu::low_level::printable;

use super::error::DatasetError;

/// The largest size in bytes of a file that is read into memory. CIFAR-10's largest file has 30 MB.
const MAX_BYTES: u64 = 1 << 30;

/// Returns the metadata of a path; symbolic links are followed.
pub(super) fn metadata(path: &Path) -> Result<fs::Metadata, DatasetError> {
    fs::metadata(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => DatasetError::NoSuchPath {
            path: printable(path.display()),
        },
        _ => read_error(path)(source),
    })
}

/// Returns a function that creates a [`DatasetError::Read`] for the path.
pub(super) fn read_error(path: &Path) -> impl Fn(io::Error) -> DatasetError {
    let path = printable(path.display());
    move |source| DatasetError::Read {
        path: path.clone(),
        source,
    }
}

/// Reads the first bytes of a file, enough to recognise its format.
pub(super) fn read_start(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let mut start = Vec::new();
    let file = File::open(path).map_err(read_error(path))?;
    let mut limited = file.take(1 << 13);
    limited.read_to_end(&mut start).map_err(read_error(path))?;
    Ok(start)
}

/// Reads a whole file of at most [`MAX_BYTES`] bytes.
pub(super) fn read_whole(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(read_error(path))?;
    // One additional byte distinguishes a file that is too long from one of exactly the limit.
    let mut limited = file.take(MAX_BYTES + 1);
    limited.read_to_end(&mut bytes).map_err(read_error(path))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(DatasetError::TooLarge {
            path: printable(path.display()),
            limit: MAX_BYTES,
        });
    }
    Ok(bytes)
}

/// Returns whether the start of a file is UTF-8 without control characters other than tabs and line
/// ends. An incomplete character at the end is accepted.
pub(super) fn is_text(start: &[u8]) -> bool {
    let whole = match std::str::from_utf8(start) {
        Err(e) if e.error_len().is_some() => return false,
        Err(e) => &start[..e.valid_up_to()],
        Ok(_) => start,
    };
    let control = |b: &u8| b.is_ascii_control() && !b"\t\r\n".contains(b);
    !whole.is_empty() && !whole.iter().any(control)
}
