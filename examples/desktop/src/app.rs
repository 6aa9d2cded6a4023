//! The application that `eframe` runs: the state of the window, or the reason why no window opened.

use eframe::egui::{Context, RawInput, Ui};

use crate::args::Args;
use crate::state::AppState;
use crate::tour::Tour;
use crate::view;

/// The application, or the reason why it could not open.
pub enum App {
    Open(Box<AppState>, Option<Box<Tour>>),
    /// No suitable device was found, for the given reason.
    Closed(String),
}

impl App {
    pub fn new(context: &eframe::CreationContext<'_>, args: Args) -> Self {
        view::theme::apply(&context.egui_ctx, args.theme);
        match AppState::new(context, &args) {
            Ok(state) => {
                let tour = args
                    .tour
                    .map(|folder| Box::new(Tour::new(folder, args.pictures.len())));
                Self::Open(Box::new(state), tour)
            }
            Err(message) => Self::Closed(message),
        }
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        match self {
            Self::Open(state, tour) => {
                state.frame(ui);
                if let Some(message) = state.lost.take() {
                    lost(state, &message);
                }
                if let Some(tour) = tour {
                    tour.step(state, ui.ctx());
                }
            }
            Self::Closed(message) => view::closed(ui, message),
        }
    }

    fn on_exit(&mut self) {
        if let Self::Open(state, _) = self {
            state.end();
        }
    }

    /// Lets a tour press keys and click, as a user would.
    fn raw_input_hook(&mut self, _: &Context, input: &mut RawInput) {
        if let Self::Open(_, Some(tour)) = self {
            tour.user.act(input);
        }
    }
}

/// Prints the reason and ends the program. Without a device, the window cannot show a message.
fn lost(state: &mut AppState, message: &str) -> ! {
    eprintln!("resnet-desktop: the device is lost: {message}");
    state.end();
    std::process::exit(1)
}
