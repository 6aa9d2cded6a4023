//! A picture with what the network says of it.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use eframe::egui::{Vec2, vec2};
use image::RgbImage;
use resnet_wgpu::Prediction;

use crate::files::{SIDE, Source};
use crate::texture::{Shown, bounded};

/// What is kept of every picture, and what only of those that were looked at
/// last.
pub struct Picture {
    pub id: u64,
    pub path: PathBuf,
    /// Width and height in its file.
    pub size: (u32, u32),
    pub thumb: Shown,
    /// What reading and decoding it took.
    pub decoding: Duration,
    /// The present model's answer, once it is there.
    pub answer: Option<Answered>,
    pub full: Full,
    /// The present model's maps of its likeliest classes.
    pub maps: Maps,
}

/// The whole picture.
pub enum Full {
    /// It was let go, or nobody asked.
    None,
    Coming,
    There {
        shown: Shown,
        pixels: Option<Arc<RgbImage>>,
    },
    /// The file is another by now; somebody was told why.
    Failed,
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

    /// What there is to show: the thumbnail until the picture is there.
    pub fn shown(&self) -> &Shown {
        match &self.full {
            Full::There { shown, .. } => shown,
            _ => &self.thumb,
        }
    }

    /// The size of the picture where it is shown, whatever is there to show.
    pub fn shown_size(&self) -> Vec2 {
        let (width, height) = bounded(self.size, SIDE);
        vec2(width as f32, height as f32)
    }

    /// For a worker that needs the pixels, and not for longer than they are kept.
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

    /// Lets go what there is much of. What is on its way still comes.
    pub fn let_go(&mut self) {
        if !matches!(self.full, Full::Coming) {
            self.full = Full::None;
        }
        if !matches!(self.maps, Maps::Coming) {
            self.maps = Maps::None;
        }
    }
}
