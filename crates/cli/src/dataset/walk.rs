//! Finds image files in directories.

use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::DatasetError;
use super::files::{metadata, read_error};
use resnet_wgpu::low_level::printable;

/// Extensions of the files that are taken for images, in lower case; upper
/// case is taken as well.
pub const EXTENSIONS: [&str; 8] = ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff"];

/// The image files in a directory and its subdirectories ([`EXTENSIONS`]),
/// sorted by path. Hidden files and directories are passed over, links
/// followed, but never round in circles. A path that is a file is given
/// back alone, whatever its name.
///
/// # Errors
/// [`DatasetError::NoImages`] where there are none,
/// [`DatasetError::NoSuchPath`], and [`DatasetError::Read`] where a directory
/// cannot be read.
pub fn find_images(path: impl AsRef<Path>) -> Result<Vec<PathBuf>, DatasetError> {
    let path = path.as_ref();
    if !metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let found = images(path)?;
    if found.is_empty() {
        let path = printable(path.display());
        return Err(DatasetError::NoImages { path });
    }
    Ok(found)
}

/// As [`find_images`], of a directory that may have none.
pub(super) fn images(directory: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut found = walk(directory, usize::MAX, |entry| entry.file_type().is_file())?;
    found.retain(|path| has_image_extension(path));
    Ok(found)
}

/// The folders directly in a directory, sorted by name, hidden ones left out.
pub(super) fn subfolders(directory: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let is_folder = |entry: &DirEntry| entry.depth() == 1 && entry.file_type().is_dir();
    let mut found = walk(directory, 1, is_folder)?;
    // A link that leads nowhere is no folder.
    found.retain(|path| path.is_dir());
    Ok(found)
}

/// What `wanted` picks of a directory's visible entries, and the links that
/// lead nowhere: who opens one can say so better than silence does.
fn walk(
    directory: &Path,
    depth: usize,
    wanted: impl Fn(&DirEntry) -> bool,
) -> Result<Vec<PathBuf>, DatasetError> {
    let entries = WalkDir::new(directory)
        .follow_links(true)
        .max_depth(depth)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.path()));
    let mut found = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) if wanted(&entry) => found.push(entry.into_path()),
            Ok(_) => {}
            // A link to a directory that is being walked: seen already.
            Err(e) if e.loop_ancestor().is_some() => {}
            Err(e) => {
                let at = e.path().unwrap_or(directory).to_owned();
                if at.is_symlink() {
                    if !is_hidden(&at) {
                        found.push(at);
                    }
                    continue;
                }
                let source = e
                    .into_io_error()
                    .unwrap_or_else(|| std::io::Error::other("walking the directory failed"));
                return Err(read_error(&at)(source));
            }
        }
    }
    Ok(found)
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".")
}

fn has_image_extension(path: &Path) -> bool {
    let extension = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    EXTENSIONS.iter().any(|e| extension.eq_ignore_ascii_case(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::tests::files;

    #[test]
    fn images_are_found_sorted_and_hidden_ones_passed_over() {
        let dir = files(&[
            "b.png",
            "a/c.JPEG",
            "a/.d.png",
            ".e/f.png",
            "g.pdf",
            "h.png/i.gif",
        ]);
        let found = find_images(dir.path()).unwrap();
        let below = |path: &PathBuf| path.strip_prefix(dir.path()).unwrap().to_owned();
        let found: Vec<PathBuf> = found.iter().map(below).collect();
        assert_eq!(
            found,
            ["a/c.JPEG", "b.png", "h.png/i.gif"].map(PathBuf::from)
        );
        // A file that is named is taken at its word.
        let pdf = dir.path().join("g.pdf");
        assert_eq!(find_images(&pdf).unwrap(), [pdf]);
    }
}
