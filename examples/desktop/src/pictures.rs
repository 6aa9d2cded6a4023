//! The pictures that are open.

use eframe::egui_wgpu::RenderState;

use crate::failure::Failure;
use crate::files::{NewPicture, PictureTexture};
use crate::picture::{FullPicture, MapState, Picture};
use crate::recent::RecentIds;
use crate::texture::EguiTexture;

/// The number of pictures that are kept whole: the last pictures that were shown or opened. Visible
/// pictures are marked as used in each frame, and fewer than this number arrive per frame, so they
/// stay.
const MAX_FULL: usize = 8;

/// The open pictures, in the order in which they were opened.
pub struct Pictures {
    list: Vec<Picture>,
    selected: usize,
    next: u64,
    /// True if the next new picture is to be selected.
    select_new: bool,
    recent: RecentIds,
}

impl Default for Pictures {
    fn default() -> Self {
        Self {
            list: vec![],
            selected: 0,
            next: 0,
            select_new: false,
            recent: RecentIds::new(MAX_FULL),
        }
    }
}

impl Pictures {
    pub fn all(&self) -> &[Picture] {
        &self.list
    }

    pub fn selected(&self) -> Option<&Picture> {
        self.list.get(self.selected)
    }

    /// Returns the selected picture's index in the list.
    pub fn selected_index(&self) -> usize {
        self.selected
    }

    pub fn by_id(&mut self, id: u64) -> Option<&mut Picture> {
        self.list.iter_mut().find(|picture| picture.id == id)
    }

    /// Selects the next new picture.
    pub fn select_next_new(&mut self) {
        self.select_new = true;
    }

    /// Adds a picture and returns its id.
    pub fn add(&mut self, window: &RenderState, new: NewPicture) -> u64 {
        if std::mem::take(&mut self.select_new) {
            self.selected = self.list.len();
        }
        let id = self.next;
        self.next += 1;
        let NewPicture {
            path,
            decoded,
            thumb,
        } = new;
        self.list.push(Picture {
            id,
            path,
            size: decoded.size,
            thumb: EguiTexture::new(window, thumb),
            decoding: decoded.decoding,
            answer: None,
            full: FullPicture::None,
            maps: MapState::None,
        });
        self.set_full(window, id, Ok(decoded));
        id
    }

    /// Stores the decoded pixels of a picture.
    pub fn set_full(
        &mut self,
        window: &RenderState,
        id: u64,
        decoded: Result<PictureTexture, Failure>,
    ) {
        let Some(picture) = self.by_id(id) else {
            return;
        };
        picture.full = match decoded {
            Ok(decoded) => {
                picture.size = decoded.size;
                FullPicture::Ready {
                    texture: EguiTexture::new(window, decoded.texture),
                    pixels: decoded.pixels,
                }
            }
            Err(_) => FullPicture::Failed,
        };
        self.mark_used(id);
    }

    /// Marks a picture as used, so that other pictures are released before it.
    pub fn mark_used(&mut self, id: u64) {
        if let Some(old) = self.recent.mark_used(id)
            && let Some(picture) = self.by_id(old)
        {
            picture.release();
        }
    }

    pub fn select(&mut self, id: u64) {
        let at = self.list.iter().position(|picture| picture.id == id);
        self.selected = at.unwrap_or(self.selected);
    }

    /// Moves the selection by this number of places, and stops at the ends.
    pub fn step(&mut self, by: isize) {
        let last = self.list.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    pub fn remove(&mut self, id: u64) {
        let Some(at) = self.list.iter().position(|picture| picture.id == id) else {
            return;
        };
        self.list.remove(at);
        self.recent.forget(id);
        if at < self.selected {
            self.selected -= 1;
        }
        self.step(0);
    }

    pub fn remove_all(&mut self) {
        self.list.clear();
        self.recent.clear();
        self.selected = 0;
        self.select_new = false;
    }

    /// Forgets the answers of the previous model.
    pub fn forget_answers(&mut self) {
        for picture in &mut self.list {
            picture.answer = None;
            picture.maps = MapState::None;
        }
    }
}
