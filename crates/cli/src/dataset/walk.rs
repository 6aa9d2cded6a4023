//! Finds image files in directories.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::DatasetError;
use super::files::{metadata, read_error};
use resnet_wgpu::low_level::preprocess::has_image_signature;
use resnet_wgpu::low_level::printable;

/// The extensions of supported image formats, in lower case. Upper case is accepted as well.
pub const EXTENSIONS: [&str; 11] = [
    "png", "jpg", "jpeg", "jpe", "jfif", "webp", "bmp", "dib", "gif", "tif", "tiff",
];

/// The extensions of unsupported image formats. Such files are found nevertheless, so that the
/// attempt to read them reports why they are left out.
const OTHER_EXTENSIONS: [&str; 42] = [
    "heic", "heif", "hif", "avif", "jxl", "jp2", "j2k", "jpx", "ppm", "pgm", "pbm", "pnm", "pam",
    "pfm", "tga", "psd", "exr", "hdr", "qoi", "dng", "cr2", "cr3", "nef", "arw", "orf", "rw2",
    "raf", "apng", "ico", "cur", "icns", "pcx", "sgi", "rgb", "dds", "xbm", "xpm", "wbmp", "svg",
    "eps", "im", "jxr",
];

/// Folders that archivers and file systems create among the user's own.
const FOREIGN_FOLDERS: [&str; 4] = ["__MACOSX", "@eaDir", "$RECYCLE.BIN", "lost+found"];

/// Returns the image files in a directory and its subdirectories, sorted by path: files with an
/// image's extension, and files whose first bytes are an image's signature. Symbolic links are
/// followed, but loops are detected. If the path is a file, the result is this file alone, whatever
/// its name.
///
/// # Errors
/// [`DatasetError::NoImages`] if the directory has no images, [`DatasetError::NoSuchPath`], and
/// [`DatasetError::Read`] if a directory cannot be read.
pub fn find_images(path: impl AsRef<Path>) -> Result<ImageFiles, DatasetError> {
    let path = path.as_ref();
    if !metadata(path)?.is_dir() {
        return Ok(ImageFiles {
            images: vec![path.to_owned()],
            skipped: vec![],
        });
    }
    let found = images(path)?;
    if found.images.is_empty() {
        let path = printable(path.display());
        return Err(DatasetError::NoImages { path });
    }
    Ok(found)
}

/// The images in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFiles {
    /// The image files, sorted by path.
    pub images: Vec<PathBuf>,
    /// The ignored entries: hidden images, hidden directories, folders such as `__MACOSX`, and
    /// pipes and devices with an image's extension.
    pub skipped: Vec<PathBuf>,
}

/// Like [`find_images`], but a directory without images is not an error.
pub(super) fn images(directory: &Path) -> Result<ImageFiles, DatasetError> {
    let is_file = |entry: &DirEntry| entry.file_type().is_file();
    let mut found = walk(directory, usize::MAX, is_file)?;
    let is_image = |path: &PathBuf| has_image_extension(path) || starts_like_an_image(path);
    found.images.retain(is_image);
    Ok(found)
}

/// Returns the direct subfolders of a directory, sorted by name. Hidden folders and those of
/// archivers and file systems are left out.
pub(super) fn subfolders(directory: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let is_folder = |entry: &DirEntry| entry.depth() == 1 && entry.file_type().is_dir();
    let mut found = walk(directory, 1, is_folder)?.images;
    // A symbolic link without a target is not a folder.
    found.retain(|path| path.is_dir());
    Ok(found)
}

/// Returns the names of the direct subfolders that [`subfolders`] skips.
pub(super) fn skipped_folders(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let folders = entries.map(|entry| entry.path());
    let skipped = folders.filter(|path| is_skipped(path) && path.is_dir());
    let mut names: Vec<String> = skipped
        .map(|path| printable(path.file_name().unwrap_or_default().display()))
        .collect();
    names.sort();
    names
}

/// Returns the visible entries of a directory that `wanted` accepts, and symbolic links without a
/// target. Opening such a link reports the problem, while skipping it would hide the problem.
fn walk(
    directory: &Path,
    depth: usize,
    wanted: impl Fn(&DirEntry) -> bool,
) -> Result<ImageFiles, DatasetError> {
    let mut skipped = Vec::new();
    let visible = |entry: &DirEntry| {
        let path = entry.path();
        let visible = entry.depth() == 0 || !is_skipped(path);
        if !visible && (entry.file_type().is_dir() || has_image_extension(path)) {
            skipped.push(path.to_owned());
        }
        visible
    };
    let entries = WalkDir::new(directory)
        .follow_links(true)
        .max_depth(depth)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(visible);
    let mut found = Vec::new();
    let mut special = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) if wanted(&entry) => found.push(entry.into_path()),
            // Reading a pipe might never end.
            Ok(entry) if !is_usual(&entry) && has_image_extension(entry.path()) => {
                special.push(entry.into_path());
            }
            Ok(_) => {}
            // A link to a directory that is being walked; its entries are already included.
            Err(e) if e.loop_ancestor().is_some() => {}
            Err(e) => {
                let at = e.path().unwrap_or(directory).to_owned();
                if at.is_symlink() {
                    if !is_skipped(&at) {
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
    skipped.extend(special);
    Ok(ImageFiles {
        images: found,
        skipped,
    })
}

/// Returns whether an entry is a file or a directory.
fn is_usual(entry: &DirEntry) -> bool {
    entry.file_type().is_file() || entry.file_type().is_dir()
}

/// Returns whether a file or folder is hidden, or belongs to an archiver or file system.
fn is_skipped(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b".") || FOREIGN_FOLDERS.iter().any(|other| name == *other)
}

/// Returns whether a file starts with an image's signature. Only signatures that do not occur in
/// other files by chance are considered.
fn starts_like_an_image(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(32).read_to_end(&mut start));
    read.is_ok() && has_image_signature(&start)
}

fn has_image_extension(path: &Path) -> bool {
    let extension = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    let mut known = EXTENSIONS.iter().chain(&OTHER_EXTENSIONS);
    known.any(|e| extension.eq_ignore_ascii_case(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::tests::files;

    #[test]
    fn images_are_found_sorted_and_hidden_ones_skipped() {
        let dir = files(&[
            "b.png",
            "a/c.JPEG",
            "a/.d.png",
            ".e/f.png",
            "g.pdf",
            "h.png/i.gif",
            "j.jfif",
            "k.JPE",
            "l.HEIC",
            "__MACOSX/m.png",
        ]);
        std::fs::write(dir.path().join("n"), b"\x89PNG\r\n\x1a\n").unwrap();
        std::fs::write(dir.path().join("o.dat"), b"\0\0\0\x18ftypheic\0\0\0\0").unwrap();
        let found = find_images(dir.path()).unwrap();
        let below = |path: &PathBuf| path.strip_prefix(dir.path()).unwrap().to_owned();
        let mut skipped: Vec<PathBuf> = found.skipped.iter().map(below).collect();
        skipped.sort();
        assert_eq!(skipped, [".e", "__MACOSX", "a/.d.png"].map(PathBuf::from));
        let found: Vec<PathBuf> = found.images.iter().map(below).collect();
        assert_eq!(
            found,
            [
                "a/c.JPEG",
                "b.png",
                "h.png/i.gif",
                "j.jfif",
                "k.JPE",
                "l.HEIC",
                "n",
                "o.dat"
            ]
            .map(PathBuf::from)
        );
        // A file that is named explicitly is accepted in any case.
        let pdf = dir.path().join("g.pdf");
        assert_eq!(find_images(&pdf).unwrap().images, [pdf]);
    }
}
