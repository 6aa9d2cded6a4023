//! The system's dialogs for files.

use std::path::PathBuf;

use rfd::AsyncFileDialog;

use crate::desk::Desk;
use crate::failure::Failure;
use crate::files::ENDINGS;

/// The user's choice in a dialog.
pub enum Chosen {
    Pictures(Vec<PathBuf>),
    Model(PathBuf),
    Nothing,
    Failed(Failure),
}

impl Desk {
    /// Opens a dialog, unless one is open. The drawing thread has to create the dialog (macOS
    /// requires this), and another thread awaits it.
    pub fn ask(&mut self, model: bool) {
        if !self.dialogs.is_idle() {
            return;
        }
        let dialog = AsyncFileDialog::new();
        let handed = if model {
            let dialog = dialog.set_title("Open a checkpoint");
            let file = dialog
                .add_filter("safetensors", &["safetensors"])
                .pick_file();
            let job = move || match pollster::block_on(file) {
                Some(file) => Chosen::Model(file.path().to_owned()),
                None => Chosen::Nothing,
            };
            self.dialogs.run(job, Chosen::Failed)
        } else {
            let dialog = dialog.set_title("Open pictures");
            let files = dialog.add_filter("Pictures", &ENDINGS).pick_files();
            let job = move || match pollster::block_on(files) {
                Some(files) => {
                    Chosen::Pictures(files.iter().map(|file| file.path().to_owned()).collect())
                }
                None => Chosen::Nothing,
            };
            self.dialogs.run(job, Chosen::Failed)
        };
        if let Err(failure) = handed {
            self.tell(failure);
        }
    }
}
