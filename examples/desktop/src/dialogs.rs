//! The system's dialogs for files.

use std::path::PathBuf;

use rfd::AsyncFileDialog;

use crate::failure::Failure;
use crate::files::EXTENSIONS;
use crate::state::AppState;

/// The user's choice in a dialog.
pub enum DialogResult {
    Pictures(Vec<PathBuf>),
    Model(PathBuf),
    Nothing,
    Failed(Failure),
}

impl AppState {
    /// Opens a dialog for pictures, unless a dialog is open. The drawing thread has to create a
    /// dialog (macOS requires this), and another thread awaits it.
    pub fn open_picture_dialog(&mut self) {
        if !self.dialogs.is_idle() {
            return;
        }
        let files = AsyncFileDialog::new()
            .set_title("Open pictures")
            .add_filter("Pictures", &EXTENSIONS)
            .pick_files();
        self.await_dialog(move || match pollster::block_on(files) {
            Some(files) => {
                let paths = files.iter().map(|file| file.path().to_owned());
                DialogResult::Pictures(paths.collect())
            }
            None => DialogResult::Nothing,
        });
    }

    /// Opens a dialog for a checkpoint, unless a dialog is open.
    pub fn open_model_dialog(&mut self) {
        if !self.dialogs.is_idle() {
            return;
        }
        let file = AsyncFileDialog::new()
            .set_title("Open a checkpoint")
            .add_filter("safetensors", &["safetensors"])
            .pick_file();
        self.await_dialog(move || match pollster::block_on(file) {
            Some(file) => DialogResult::Model(file.path().to_owned()),
            None => DialogResult::Nothing,
        });
    }

    /// Awaits a dialog on the thread for dialogs.
    fn await_dialog(&mut self, job: impl FnOnce() -> DialogResult + Send + 'static) {
        if let Err(failure) = self.dialogs.run(job, DialogResult::Failed) {
            self.notify(failure);
        }
    }
}
