//! The pictures that are open, and how they come to be: read, decoded and
//! uploaded by a worker.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui_wgpu::RenderState;
use eframe::wgpu;
use image::RgbImage;
use resnet_wgpu::{ImageLimits, Prediction, decode_file};

use crate::texture::{Shown, upload};

/// Longest side of a picture and of its thumbnail on the device.
const SIDE: u32 = 1600;
const THUMB_SIDE: u32 = 160;

/// What a folder's pictures end with.
pub const ENDINGS: [&str; 8] = ["bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"];

/// A picture with what the network says of it.
pub struct Picture {
    pub id: u64,
    pub path: PathBuf,
    /// As they were decoded: what the network is given.
    pub pixels: Arc<RgbImage>,
    pub shown: Shown,
    pub thumb: Shown,
    /// What reading and decoding it took.
    pub decoding: Duration,
    /// The present model's answer, once it is there.
    pub answer: Option<Answered>,
    /// The present model's maps of its likeliest classes.
    pub maps: Maps,
}

/// A model's answer.
pub struct Answered {
    /// The likeliest classes; none where it failed.
    pub top: Vec<Prediction>,
    /// From the decoded picture to the scores.
    pub took: Duration,
}

/// Where a picture's class activation maps are.
pub enum Maps {
    /// Nobody asked.
    None,
    Coming,
    There(Vec<Heat>),
    /// They cannot be made; somebody was told why.
    Failed,
}

/// The heat of a class.
pub struct Heat {
    pub class: usize,
    pub shown: Shown,
}

/// What a worker made of a path.
pub enum Opened {
    Picture(Box<Decoded>),
    /// A folder's pictures, by name.
    Folder(Vec<PathBuf>),
    Failed(String),
}

/// A picture, decoded and on the device.
pub struct Decoded {
    pub path: PathBuf,
    pub pixels: RgbImage,
    pub shown: wgpu::Texture,
    pub thumb: wgpu::Texture,
    pub decoding: Duration,
}

/// Opens a picture, or lists a folder: for a worker.
pub fn open(path: PathBuf, device: &wgpu::Device, queue: &wgpu::Queue) -> Opened {
    if path.is_dir() {
        return match list(&path) {
            Ok(found) => Opened::Folder(found),
            Err(error) => Opened::Failed(format!("{}: {error}", path.display())),
        };
    }
    let began = Instant::now();
    match decode_file(&path, &ImageLimits::default()) {
        Ok(pixels) => Opened::Picture(Box::new(Decoded {
            decoding: began.elapsed(),
            shown: upload(device, queue, &pixels, SIDE),
            thumb: upload(device, queue, &pixels, THUMB_SIDE),
            pixels,
            path,
        })),
        Err(error) => Opened::Failed(error.to_string()),
    }
}

fn list(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_picture(path))
        .collect();
    found.sort();
    Ok(found)
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.contains(&&*ending.to_ascii_lowercase()))
}

/// The open pictures, in the order in which they came.
#[derive(Default)]
pub struct Pictures {
    list: Vec<Picture>,
    selected: usize,
    next: u64,
    /// The next that comes is looked at.
    look: bool,
}

impl Pictures {
    pub fn all(&self) -> &[Picture] {
        &self.list
    }

    pub fn selected(&self) -> Option<&Picture> {
        self.list.get(self.selected)
    }

    pub fn by_id(&mut self, id: u64) -> Option<&mut Picture> {
        self.list.iter_mut().find(|picture| picture.id == id)
    }

    /// Has the next picture that comes selected.
    pub fn look_at_next(&mut self) {
        self.look = true;
    }

    /// Takes a picture in.
    pub fn add(&mut self, window: &RenderState, decoded: Decoded) -> &Picture {
        let at = self.list.len();
        if std::mem::take(&mut self.look) {
            self.selected = at;
        }
        let id = self.next;
        self.next += 1;
        self.list.push(Picture {
            id,
            path: decoded.path,
            pixels: Arc::new(decoded.pixels),
            shown: Shown::new(window, decoded.shown),
            thumb: Shown::new(window, decoded.thumb),
            decoding: decoded.decoding,
            answer: None,
            maps: Maps::None,
        });
        &self.list[at]
    }

    pub fn select(&mut self, id: u64) {
        let at = self.list.iter().position(|picture| picture.id == id);
        self.selected = at.unwrap_or(self.selected);
    }

    /// Selects another, so many places further; the ends hold.
    pub fn step(&mut self, by: isize) {
        let last = self.list.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    pub fn remove(&mut self, id: u64) {
        let Some(at) = self.list.iter().position(|picture| picture.id == id) else {
            return;
        };
        self.list.remove(at);
        if at < self.selected {
            self.selected -= 1;
        }
        self.step(0);
    }

    /// Forgets what a model said: there is another now.
    pub fn forget_answers(&mut self) {
        for picture in &mut self.list {
            (picture.answer, picture.maps) = (None, Maps::None);
        }
    }
}

impl Picture {
    /// The file's name.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// The heat of a class, where there is a map of it.
    pub fn heat(&self, class: usize) -> Option<&Heat> {
        match &self.maps {
            Maps::There(maps) => maps.iter().find(|heat| heat.class == class),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_listed_by_name_and_only_their_pictures() {
        let photos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../photos");
        let found = list(&photos).unwrap();
        let names: Vec<_> = found.iter().filter_map(|p| p.file_name()).collect();
        assert!(names.is_sorted());
        assert!(names.contains(&"chelsea.png".as_ref()), "{names:?}");
        assert!(!names.contains(&"README.md".as_ref()), "{names:?}");
        assert!(is_picture(Path::new("A.JPG")) && !is_picture(Path::new("jpg")));
    }
}
