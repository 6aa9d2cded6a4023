//! A simulated user: keys, clicks, dropped files, and screenshots.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use eframe::egui::{
    ColorImage, Context, DroppedFile, Event, Key, Modifiers, PointerButton, Pos2, RawInput,
    ScreenshotCallback, ViewportCommand,
};
use image::RgbImage;

/// The input for the next frame.
#[derive(Default)]
pub struct SimulatedUser {
    events: Vec<Event>,
    dropped: Vec<PathBuf>,
}

impl SimulatedUser {
    pub fn press(&mut self, key: Key) {
        self.events.extend([true, false].map(|pressed| Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        }));
    }

    pub fn click(&mut self, at: Pos2) {
        let button = |pressed| Event::PointerButton {
            pos: at,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        let click = [Event::PointerMoved(at), button(true), button(false)];
        self.events.extend(click);
    }

    pub fn drop_file(&mut self, path: &Path) {
        self.dropped.push(path.to_owned());
    }

    /// Adds the input to a frame.
    pub fn act(&mut self, input: &mut RawInput) {
        input.events.append(&mut self.events);
        let files = self.dropped.drain(..);
        (input.dropped_files).extend(files.map(|path| Arc::new(TourFile(path)) as _));
    }
}

/// A file as the system passes it after a drop.
#[derive(Debug)]
struct TourFile(PathBuf);

impl DroppedFile for TourFile {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

/// Writes the next frame to a file, and returns a receiver for the outcome.
pub fn screenshot(context: &Context, path: PathBuf) -> Receiver<Result<(), String>> {
    let (sender, receiver) = channel();
    let save = move |shot: Arc<ColorImage>| {
        // The receiver is gone after the end, so a failed send is ignored.
        let _ = sender.send(save(&shot, &path));
    };
    context.send_viewport_cmd(ViewportCommand::Screenshot(ScreenshotCallback::new(save)));
    receiver
}

fn save(shot: &ColorImage, path: &Path) -> Result<(), String> {
    let [width, height] = shot.size.map(|side| side as u32);
    let opaque = |pixel: &eframe::egui::Color32| [pixel.r(), pixel.g(), pixel.b()];
    let bytes = shot.pixels.iter().flat_map(opaque).collect();
    let picture = RgbImage::from_raw(width, height, bytes).ok_or("a screenshot of no size")?;
    let failed = |error| format!("{}: {error}", path.display());
    picture.save(path).map_err(failed)
}
