//! The application that `eframe` runs: the desk, or the reason why it could not open.

use eframe::egui::{Context, RawInput, Ui};

use crate::args::Args;
use crate::desk::Desk;
use crate::tour::Tour;
use crate::view;

/// The application, or the reason why it could not open.
pub enum App {
    Open(Box<Desk>, Option<Box<Tour>>),
    /// No suitable device was found, for the given reason.
    Closed(String),
}

impl App {
    pub fn new(context: &eframe::CreationContext<'_>, args: Args) -> Self {
        view::theme::apply(&context.egui_ctx, args.theme);
        match Desk::new(context, &args) {
            Ok(desk) => {
                let tour = args
                    .tour
                    .map(|folder| Box::new(Tour::new(folder, args.pictures.len())));
                Self::Open(Box::new(desk), tour)
            }
            Err(message) => Self::Closed(message),
        }
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        match self {
            Self::Open(desk, tour) => {
                desk.frame(ui);
                if let Some(message) = desk.lost.take() {
                    lost(desk, &message);
                }
                if let Some(tour) = tour {
                    tour.step(desk, ui.ctx());
                }
            }
            Self::Closed(message) => view::closed(ui, message),
        }
    }

    fn on_exit(&mut self) {
        if let Self::Open(desk, _) = self {
            desk.end();
        }
    }

    /// Lets a tour press keys and click, as a user would.
    fn raw_input_hook(&mut self, _: &Context, input: &mut RawInput) {
        if let Self::Open(_, Some(tour)) = self {
            tour.hands.act(input);
        }
    }
}

/// Prints the reason and ends the program. Without a device, the window cannot show a message.
fn lost(desk: &mut Desk, message: &str) -> ! {
    eprintln!("resnet-desktop: the device is lost: {message}");
    desk.end();
    std::process::exit(1)
}
