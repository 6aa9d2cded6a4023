//! A window that shows the classes of pictures: an `egui` application and a ResNet on one `wgpu`
//! device. `README.md` describes each file.

mod app;
mod args;
mod device;
mod dialogs;
mod failure;
mod files;
mod frames;
mod heat;
mod keys;
mod live;
mod model;
mod notices;
mod open_queue;
mod picture;
mod pictures;
mod recent;
mod runs;
mod scene;
mod state;
mod texture;
mod tour;
mod user_action;
mod view;
mod work;
mod worker;

use std::process::ExitCode;

use eframe::egui::{IconData, ViewportBuilder};
use eframe::wgpu::PresentMode;

use app::App;
use args::Args;

/// The window's default size.
const SIZE: [f32; 2] = [1280.0, 800.0];

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args_os().skip(1)) {
        Ok(args) => args,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    // Frames of a tour do not wait for the screen, because waiting for its next refresh would hide
    // delays.
    let present_mode = if args.tour.is_some() {
        PresentMode::AutoNoVsync
    } else {
        PresentMode::AutoVsync
    };
    let options = eframe::NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title("resnet-wgpu")
            .with_inner_size(SIZE)
            .with_min_inner_size([900.0, 560.0])
            .with_icon(IconData::default()),
        wgpu_options: device::configuration(present_mode),
        // The colours are flat, so dithering has no effect.
        dithering: false,
        ..Default::default()
    };
    let result = eframe::run_native(
        "resnet-desktop",
        options,
        Box::new(|context| Ok(Box::new(App::new(context, args)))),
    );
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("resnet-desktop: no window: {error}");
            ExitCode::FAILURE
        }
    }
}
