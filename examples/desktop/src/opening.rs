//! Files are opened a few at a time. This limits the memory of decoded pictures that are not taken
//! in yet, and closing does not wait for the rest.

use std::collections::VecDeque;
use std::path::PathBuf;

use crate::desk::{Desk, Mode};
use crate::failure::Failure;
use crate::files::{New, Opened, again, open};
use crate::notices::Batch;
use crate::picture::Full;

/// The most new files that the opener has at once, and the most files in total.
const NEW: usize = 2;
const ALL: usize = 4;

/// The queue of paths to open.
#[derive(Default)]
pub struct Opening {
    waiting: VecDeque<PathBuf>,
    /// The number of times that everything was closed. Results of earlier requests are dropped.
    closed: u64,
    failed: Batch,
}

impl Opening {
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl Desk {
    /// Opens pictures and folders, and selects the first new picture.
    pub fn open(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        let before = self.opening.waiting.len();
        self.opening.waiting.extend(paths);
        if self.opening.waiting.len() > before {
            self.pictures.look_at_next();
            self.mode = Mode::Pictures;
        }
    }

    pub fn close_all(&mut self) {
        self.pictures.remove_all();
        self.opening.closed += 1;
        self.opening.waiting.clear();
    }

    /// Gives the opener its next jobs.
    pub fn go_on_opening(&mut self) {
        while self.opener.pending() < NEW
            && let Some(path) = self.opening.waiting.pop_front()
        {
            let (device, queue) = (self.gpu.device().clone(), self.gpu.queue().clone());
            let of = self.opening.closed;
            let handed = self.opener.run(
                move || Opened::New(of, open(path, &device, &queue)),
                move |failure| Opened::New(of, Err(failure)),
            );
            if let Err(failure) = handed {
                self.opening.waiting.clear();
                self.opening.failed.add(failure);
            }
        }
        if self.opener.is_idle()
            && let Some(message) = self.opening.failed.told()
        {
            self.notices.tell(message);
        }
    }

    pub fn opened(&mut self, opened: Opened) {
        match opened {
            Opened::New(of, _) if of != self.opening.closed => {}
            Opened::New(_, Ok(New::Picture(fresh))) => {
                let id = self.pictures.add(&self.window, *fresh);
                self.classify(id);
                self.ask_for_heat();
            }
            Opened::New(_, Ok(New::Folder(paths))) => {
                // The folder's pictures take its place in the queue, before later requests.
                let paths = paths.into_iter().rev();
                paths.for_each(|path| self.opening.waiting.push_front(path));
            }
            Opened::New(_, Err(failure)) => self.opening.failed.add(failure),
            Opened::Again(id, decoded) => {
                if let Err(failure) = &decoded {
                    self.notices.tell(failure);
                }
                self.pictures.whole(&self.window, id, decoded);
            }
        }
    }

    /// Requests the pixels of a visible picture that were released. While the user steps through
    /// many pictures, each frame requests one. The limit skips most of those in between.
    pub fn ask_for_whole(&mut self, id: u64) {
        self.pictures.used(id);
        let room = self.opener.pending() < ALL;
        let Some(picture) = self.pictures.by_id(id).filter(|_| room) else {
            return;
        };
        if matches!(picture.full, Full::None) {
            let path = picture.path.clone();
            let (device, queue) = (self.gpu.device().clone(), self.gpu.queue().clone());
            let handed: Result<(), Failure> = self.opener.run(
                move || Opened::Again(id, again(&path, &device, &queue)),
                move |failure| Opened::Again(id, Err(failure)),
            );
            match handed {
                Ok(()) => picture.full = Full::Coming,
                Err(failure) => {
                    picture.full = Full::Failed;
                    self.notices.tell(failure);
                }
            }
        }
    }
}
