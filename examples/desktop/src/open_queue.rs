//! Files are opened a few at a time. This limits the memory of decoded pictures that are not taken
//! in yet, and closing does not wait for the rest.

use std::collections::VecDeque;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::files::{OpenResult, PathContents, decode_again, open};
use crate::notices::FailureBatch;
use crate::picture::FullPicture;
use crate::state::{AppState, Mode};

/// The most new files that the opener has at once, and the most files in total.
const MAX_NEW: usize = 2;
const MAX_JOBS: usize = 4;

/// The queue of paths to open.
#[derive(Default)]
pub struct OpenQueue {
    waiting: VecDeque<PathBuf>,
    /// The number of times that everything was closed. Results of earlier requests are dropped.
    generation: u64,
    failures: FailureBatch,
}

impl OpenQueue {
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl AppState {
    /// Opens pictures and folders, and selects the first new picture.
    pub fn open(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        let before = self.open_queue.waiting.len();
        self.open_queue.waiting.extend(paths);
        if self.open_queue.waiting.len() > before {
            self.pictures.select_next_new();
            self.mode = Mode::Pictures;
        }
    }

    pub fn close_all(&mut self) {
        self.pictures.remove_all();
        self.open_queue.generation += 1;
        self.open_queue.waiting.clear();
    }

    /// Gives the opener its next jobs.
    pub fn continue_opening(&mut self) {
        while self.opener.pending() < MAX_NEW
            && let Some(path) = self.open_queue.waiting.pop_front()
        {
            let device = self.gpu.device().clone();
            let queue = self.gpu.queue().clone();
            let of = self.open_queue.generation;
            let sent = self.opener.run(
                move || OpenResult::New(of, open(path, &device, &queue)),
                move |failure| OpenResult::New(of, Err(failure)),
            );
            if let Err(failure) = sent {
                self.open_queue.waiting.clear();
                self.open_queue.failures.add(failure);
            }
        }
        if self.opener.is_idle()
            && let Some(message) = self.open_queue.failures.take_message()
        {
            self.notices.add(message);
        }
    }

    pub fn receive_opened(&mut self, opened: OpenResult) {
        match opened {
            OpenResult::New(of, _) if of != self.open_queue.generation => {}
            OpenResult::New(_, Ok(PathContents::Picture(new))) => {
                let id = self.pictures.add(&self.window, *new);
                self.classify(id);
                self.request_heat();
            }
            OpenResult::New(_, Ok(PathContents::Folder(paths))) => {
                // The folder's pictures take its place in the queue, before later requests.
                let paths = paths.into_iter().rev();
                paths.for_each(|path| self.open_queue.waiting.push_front(path));
            }
            OpenResult::New(_, Err(failure)) => self.open_queue.failures.add(failure),
            OpenResult::Again(id, decoded) => {
                if let Err(failure) = &decoded {
                    self.notices.add(failure);
                }
                self.pictures.set_full(&self.window, id, decoded);
            }
        }
    }

    /// Requests the pixels of a visible picture that were released. While the user steps through
    /// many pictures, each frame requests one. The limit skips most of those in between.
    pub fn request_full_picture(&mut self, id: u64) {
        self.pictures.mark_used(id);
        let has_room = self.opener.pending() < MAX_JOBS;
        let Some(picture) = self.pictures.by_id(id).filter(|_| has_room) else {
            return;
        };
        if matches!(picture.full, FullPicture::None) {
            let path = picture.path.clone();
            let device = self.gpu.device().clone();
            let queue = self.gpu.queue().clone();
            let sent: Result<(), Failure> = self.opener.run(
                move || OpenResult::Again(id, decode_again(&path, &device, &queue)),
                move |failure| OpenResult::Again(id, Err(failure)),
            );
            match sent {
                Ok(()) => picture.full = FullPicture::Pending,
                Err(failure) => {
                    picture.full = FullPicture::Failed;
                    self.notices.add(failure);
                }
            }
        }
    }
}
