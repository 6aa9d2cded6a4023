//! `resnet`: the program around [`resnet_wgpu_cli::run`].

mod headless;

use std::process::ExitCode;

fn main() -> ExitCode {
    headless::silence_device_selection();
    resnet_wgpu_cli::run(std::env::args_os())
}
