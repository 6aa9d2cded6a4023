//! Keys, and files that the user drops on the window.

use eframe::egui::{Context, Key, Modifiers};

use crate::desk::{Desk, Mode};
use crate::wish::Wish;

impl Desk {
    /// Handles dropped files and keys.
    pub fn input(&mut self, context: &Context, wishes: &mut Vec<Wish>) {
        let dropped = context.input(|input| input.raw.dropped_files.clone());
        let paths = dropped.iter().map(|file| file.path().to_owned());
        let (models, pictures): (Vec<_>, Vec<_>) =
            paths.partition(|path| path.extension().is_some_and(|e| e == "safetensors"));
        self.open(pictures);
        if let Some(path) = models.into_iter().next_back() {
            self.load(Some(path));
        }
        let heat = !self.heat;
        let mode = match self.mode {
            Mode::Pictures => Mode::Live,
            Mode::Live => Mode::Pictures,
        };
        let keys = [
            (Key::ArrowUp, Wish::Step(-1)),
            (Key::ArrowLeft, Wish::Step(-1)),
            (Key::ArrowDown, Wish::Step(1)),
            (Key::ArrowRight, Wish::Step(1)),
            (Key::H, Wish::Heat(heat)),
            (Key::L, Wish::Show(mode)),
            (Key::O, Wish::OpenPictures),
        ];
        // The key switches inference only while the live scene is shown.
        let inference = (Key::I, Wish::Classify(!self.live.classify));
        let keys = keys
            .into_iter()
            .chain((self.mode == Mode::Live).then_some(inference));
        // A slider with the keyboard focus keeps its keys.
        if context.memory(|memory| memory.focused()).is_none() {
            context.input_mut(|input| {
                let pressed = keys.filter(|(key, _)| input.consume_key(Modifiers::NONE, *key));
                wishes.extend(pressed.map(|(_, wish)| wish));
            });
        }
    }
}
