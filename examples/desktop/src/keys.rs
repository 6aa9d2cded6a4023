//! Keys, and files that the user drops on the window.

use eframe::egui::{Context, Key, Modifiers};

use crate::state::{AppState, Mode};
use crate::user_action::UserAction;

impl AppState {
    /// Handles dropped files and keys.
    pub fn input(&mut self, context: &Context, actions: &mut Vec<UserAction>) {
        let dropped = context.input(|input| input.raw.dropped_files.clone());
        let paths = dropped.iter().map(|file| file.path().to_owned());
        let (models, pictures): (Vec<_>, Vec<_>) =
            paths.partition(|path| path.extension().is_some_and(|e| e == "safetensors"));
        self.open(pictures);
        if let Some(path) = models.into_iter().next_back() {
            self.load(Some(path));
        }
        let mode = match self.mode {
            Mode::Pictures => Mode::Live,
            Mode::Live => Mode::Pictures,
        };
        let keys = [
            (Key::ArrowUp, UserAction::Step(-1)),
            (Key::ArrowLeft, UserAction::Step(-1)),
            (Key::ArrowDown, UserAction::Step(1)),
            (Key::ArrowRight, UserAction::Step(1)),
            (Key::H, UserAction::ToggleHeat),
            (Key::L, UserAction::Show(mode)),
            (Key::O, UserAction::OpenPictures),
        ];
        // The key switches inference only while the live scene is shown.
        let inference = (Key::I, UserAction::ToggleInference);
        let keys = keys
            .into_iter()
            .chain((self.mode == Mode::Live).then_some(inference));
        // A slider with the keyboard focus keeps its keys.
        if context.memory(|memory| memory.focused()).is_none() {
            context.input_mut(|input| {
                let pressed = keys.filter(|(key, _)| input.consume_key(Modifiers::NONE, *key));
                actions.extend(pressed.map(|(_, action)| action));
            });
        }
    }
}
