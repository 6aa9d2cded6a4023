//! The system's dialogs for files.

use std::path::PathBuf;

use rfd::AsyncFileDialog;

use crate::desk::Desk;
use crate::pictures::ENDINGS;

/// What somebody chose in a dialog.
pub enum Chosen {
    Pictures(Vec<PathBuf>),
    Model(PathBuf),
    Nothing,
}

impl Desk {
    /// Opens a dialog, unless one is open. It has to be made by the thread that
    /// draws (macOS insists), and is awaited by another.
    pub fn ask(&mut self, model: bool) {
        if !self.dialogs.is_idle() {
            return;
        }
        let dialog = AsyncFileDialog::new();
        let _ = match model {
            true => {
                let dialog = dialog.set_title("Open a checkpoint");
                let file = dialog
                    .add_filter("safetensors", &["safetensors"])
                    .pick_file();
                self.dialogs.run(move || match pollster::block_on(file) {
                    Some(file) => Chosen::Model(file.path().to_owned()),
                    None => Chosen::Nothing,
                })
            }
            false => {
                let dialog = dialog.set_title("Open pictures");
                let files = dialog.add_filter("Pictures", &ENDINGS).pick_files();
                self.dialogs.run(move || match pollster::block_on(files) {
                    Some(files) => {
                        Chosen::Pictures(files.iter().map(|file| file.path().to_owned()).collect())
                    }
                    None => Chosen::Nothing,
                })
            }
        };
    }
}
