//! A picture with the network's results.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use eframe::egui::{Vec2, vec2};
use image::RgbImage;
use resnet_wgpu::Prediction;

use crate::files::{SIDE, Source};
use crate::texture::{Shown, bounded};

/// A picture. Its large parts are kept only for the last pictures that were shown.
pub struct Picture {
    pub id: u64,
    pub path: PathBuf,
    /// The width and height in the file.
    pub size: (u32, u32),
    pub thumb: Shown,
    /// The time that reading and decoding took.
    pub decoding: Duration,
    /// The present model's answer, once it has arrived.
    pub answer: Option<Answered>,
    pub full: Full,
    /// The present model's maps of its likeliest classes.
    pub maps: Maps,
}

/// The state of the whole picture.
pub enum Full {
    /// The picture was released, or not requested yet.
    None,
    Coming,
    There {
        shown: Shown,
        pixels: Option<Arc<RgbImage>>,
    },
    /// The file has changed, and a notice has named the reason.
    Failed,
}

/// A model's answer.
pub struct Answered {
    /// The likeliest classes, or none after a failure.
    pub top: Vec<Prediction>,
    /// The time from the decoded picture to the scores.
    pub took: Duration,
}

/// The state of a picture's class activation maps.
pub enum Maps {
    /// The maps were not requested.
    None,
    Coming,
    There(Vec<Heat>),
    /// The maps cannot be made, and a notice has named the reason.
    Failed,
}

/// The heat of a class.
pub struct Heat {
    pub class: usize,
    pub shown: Shown,
}

impl Picture {
    /// Returns the file's name.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// Returns the heat of a class, if a map of it exists.
    pub fn heat(&self, class: usize) -> Option<&Heat> {
        match &self.maps {
            Maps::There(maps) => maps.iter().find(|heat| heat.class == class),
            _ => None,
        }
    }

    /// Returns the texture to show: the thumbnail until the whole picture is ready.
    pub fn shown(&self) -> &Shown {
        match &self.full {
            Full::There { shown, .. } => shown,
            _ => &self.thumb,
        }
    }

    /// Returns the size at which the whole picture is shown, even while only the thumbnail is
    /// ready.
    pub fn shown_size(&self) -> Vec2 {
        let (width, height) = bounded(self.size, SIDE);
        vec2(width as f32, height as f32)
    }

    /// Returns the source of the pixels for a worker. The source does not keep the pixels in
    /// memory.
    pub fn source(&self) -> Source {
        let pixels = match &self.full {
            Full::There { pixels, .. } => pixels.as_ref().map(Arc::downgrade),
            _ => None,
        };
        Source {
            path: self.path.clone(),
            pixels: pixels.unwrap_or_else(Weak::new),
        }
    }

    /// Releases the large parts of the picture. Pending results still arrive.
    pub fn let_go(&mut self) {
        if !matches!(self.full, Full::Coming) {
            self.full = Full::None;
        }
        if !matches!(self.maps, Maps::Coming) {
            self.maps = Maps::None;
        }
    }
}
