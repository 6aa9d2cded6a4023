//! Pictures from files: a worker's handling of a path.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use eframe::wgpu;
use image::RgbImage;
use resnet_wgpu::{ImageLimits, decode_file};

use crate::failure::Failure;
use crate::texture::{scaled_down, upload};

/// The longest sides of a picture and of its thumbnail on the device.
pub const SIDE: u32 = 1600;
const THUMB_SIDE: u32 = 128;

/// The most bytes of a picture that stay in memory once it is shown. A larger picture is decoded
/// again for the network.
const MAX_KEPT_BYTES: usize = 64 << 20;

/// The file extensions of the pictures in a folder.
pub const EXTENSIONS: [&str; 8] = ["bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"];

/// The results of the opener.
pub enum OpenResult {
    /// A newly opened path, with the number of times that everything had been closed when it was
    /// requested.
    New(u64, Result<PathContents, Failure>),
    /// The new pixels of an open picture.
    Again(u64, Result<PictureTexture, Failure>),
}

/// The contents of a path.
pub enum PathContents {
    Picture(Box<NewPicture>),
    /// The paths of a folder's pictures, sorted by name.
    Folder(Vec<PathBuf>),
}

/// A picture that was not open yet.
pub struct NewPicture {
    pub path: PathBuf,
    pub decoded: PictureTexture,
    pub thumb: wgpu::Texture,
}

/// A picture that is decoded and on the device.
pub struct PictureTexture {
    pub size: (u32, u32),
    /// The decoded pixels, unless they are too many to keep.
    pub pixels: Option<Arc<RgbImage>>,
    pub texture: wgpu::Texture,
    pub decoding: Duration,
}

/// The source of a picture's pixels, which may still be in memory.
pub struct PixelSource {
    pub path: PathBuf,
    pub pixels: Weak<RgbImage>,
}

impl PixelSource {
    pub fn pixels(&self) -> Result<Arc<RgbImage>, Failure> {
        match self.pixels.upgrade() {
            Some(pixels) => Ok(pixels),
            None => decode(&self.path).map(Arc::new),
        }
    }
}

/// Opens a picture, or lists a folder.
pub fn open(
    path: PathBuf,
    device: &wgpu::Device,
    queue: &wgpu::Queue,
) -> Result<PathContents, Failure> {
    if path.is_dir() {
        let found = list(&path).map_err(|error| Failure::Path(path.clone(), error))?;
        return if found.is_empty() {
            Err(Failure::NoPictures(path))
        } else {
            Ok(PathContents::Folder(found))
        };
    }
    let (decoded, thumb) = decode_with_thumbnail(&path, device, queue)?;
    Ok(PathContents::Picture(Box::new(NewPicture {
        path,
        decoded,
        thumb: upload(device, queue, &thumb)?,
    })))
}

/// Decodes an open picture again.
pub fn decode_again(
    path: &Path,
    device: &wgpu::Device,
    queue: &wgpu::Queue,
) -> Result<PictureTexture, Failure> {
    decode_with_thumbnail(path, device, queue).map(|(decoded, _)| decoded)
}

/// Decodes a picture and makes its thumbnail.
fn decode_with_thumbnail(
    path: &Path,
    device: &wgpu::Device,
    queue: &wgpu::Queue,
) -> Result<(PictureTexture, RgbImage), Failure> {
    let began = Instant::now();
    let pixels = decode(path)?;
    let decoding = began.elapsed();
    let scaled = scaled_down(&pixels, SIDE);
    let displayed = scaled.as_ref().unwrap_or(&pixels);
    let thumb = scaled_down(displayed, THUMB_SIDE).unwrap_or_else(|| displayed.clone());
    let decoded = PictureTexture {
        size: pixels.dimensions(),
        texture: upload(device, queue, displayed)?,
        pixels: (pixels.as_raw().len() <= MAX_KEPT_BYTES).then(|| Arc::new(pixels)),
        decoding,
    };
    Ok((decoded, thumb))
}

/// Reads a picture. A pipe is refused, because opening a pipe waits for its writer.
fn decode(path: &Path) -> Result<RgbImage, Failure> {
    let found = path
        .metadata()
        .map_err(|error| Failure::Path(path.into(), error))?;
    if !found.is_file() && !found.is_dir() {
        return Err(Failure::NotAFile(path.into()));
    }
    Ok(decode_file(path, &ImageLimits::default())?)
}

fn list(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_picture(path) && path.is_file())
        .collect();
    found.sort();
    Ok(found)
}

/// Returns whether a file's name is that of a picture. Hidden files do not count.
fn is_picture(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| {
        let name = name.as_encoded_bytes();
        name.starts_with(b".")
    });
    let ending = path.extension().and_then(|ending| ending.to_str());
    !hidden && ending.is_some_and(|ending| EXTENSIONS.contains(&&*ending.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_listed_by_name_and_only_their_pictures() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.png", "a.JPG", ".c.png", "README.md"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("d.png")).unwrap();
        let found = list(folder.path()).unwrap();
        let names: Vec<_> = found.iter().filter_map(|p| p.file_name()).collect();
        assert_eq!(names, ["a.JPG", "b.png"]);
        assert!(!is_picture(Path::new("jpg")));
    }

    #[cfg(unix)]
    #[test]
    fn endless_files_are_not_read() {
        let refused = decode(Path::new("/dev/zero"));
        assert!(matches!(refused, Err(Failure::NotAFile(_))));
        let missing = decode(Path::new("/no such file"));
        assert!(missing.unwrap_err().to_string().contains("no such file"));
    }

    #[test]
    fn released_pixels_are_decoded_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let pixels = Arc::new(RgbImage::from_pixel(3, 2, image::Rgb([1, 2, 3])));
        let source = PixelSource {
            path: path.clone(),
            pixels: Arc::downgrade(&pixels),
        };
        assert!(Arc::ptr_eq(&source.pixels().unwrap(), &pixels));
        pixels.save(&path).unwrap();
        let same = RgbImage::clone(&pixels);
        drop(pixels);
        assert_eq!(*source.pixels().unwrap(), same);
    }
}
