//! A picture with the network's results.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use eframe::egui::{Vec2, vec2};
use image::RgbImage;
use resnet_wgpu::Prediction;

use crate::files::{PixelSource, SIDE};
use crate::texture::{EguiTexture, bounded};

/// A picture. Its large parts are kept only for the last pictures that were shown.
pub struct Picture {
    pub id: u64,
    pub path: PathBuf,
    /// The width and height in the file.
    pub size: (u32, u32),
    pub thumb: EguiTexture,
    /// The time that reading and decoding took.
    pub decoding: Duration,
    /// The present model's answer, once it has arrived.
    pub answer: Option<ModelAnswer>,
    pub full: FullPicture,
    /// The present model's maps of its likeliest classes.
    pub maps: MapState,
}

/// The state of the whole picture.
pub enum FullPicture {
    /// The picture was released, or not requested yet.
    None,
    Pending,
    Ready {
        texture: EguiTexture,
        pixels: Option<Arc<RgbImage>>,
    },
    /// The file has changed, and a notice has named the reason.
    Failed,
}

/// A model's answer.
pub struct ModelAnswer {
    /// The likeliest classes, or none after a failure.
    pub top: Vec<Prediction>,
    /// The time from the decoded picture to the scores.
    pub duration: Duration,
}

/// The state of a picture's class activation maps.
pub enum MapState {
    /// The maps were not requested.
    None,
    Pending,
    Ready(Vec<ClassHeat>),
    /// The maps cannot be made, and a notice has named the reason.
    Failed,
}

/// The heat of a class.
pub struct ClassHeat {
    pub class: usize,
    pub texture: EguiTexture,
}

impl Picture {
    /// Returns the file's name.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// Returns the heat of a class, if a map of it exists.
    pub fn heat(&self, class: usize) -> Option<&ClassHeat> {
        match &self.maps {
            MapState::Ready(maps) => maps.iter().find(|heat| heat.class == class),
            _ => None,
        }
    }

    /// Returns the texture to show: the thumbnail until the whole picture is ready.
    pub fn displayed(&self) -> &EguiTexture {
        match &self.full {
            FullPicture::Ready { texture, .. } => texture,
            _ => &self.thumb,
        }
    }

    /// Returns the size at which the whole picture is shown, even while only the thumbnail is
    /// ready.
    pub fn displayed_size(&self) -> Vec2 {
        let (width, height) = bounded(self.size, SIDE);
        vec2(width as f32, height as f32)
    }

    /// Returns the source of the pixels for a worker. The source does not keep the pixels in
    /// memory.
    pub fn source(&self) -> PixelSource {
        let pixels = match &self.full {
            FullPicture::Ready { pixels, .. } => pixels.as_ref().map(Arc::downgrade),
            _ => None,
        };
        PixelSource {
            path: self.path.clone(),
            pixels: pixels.unwrap_or_else(Weak::new),
        }
    }

    /// Releases the large parts of the picture. Pending results still arrive.
    pub fn release(&mut self) {
        if !matches!(self.full, FullPicture::Pending) {
            self.full = FullPicture::None;
        }
        if !matches!(self.maps, MapState::Pending) {
            self.maps = MapState::None;
        }
    }
}
