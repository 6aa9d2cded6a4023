//! Keeps a machine without a desktop quiet.

/// Starts the program over with `NODEVICE_SELECT=1` on a Linux machine without
/// a desktop. There Mesa's device-selection layer asks Wayland which GPU shows
/// the desktop, and libwayland prints `error: XDG_RUNTIME_DIR is invalid` for
/// it, twice for each instance. Only before a process starts can its
/// environment be changed safely, hence the new start; it costs a millisecond.
/// Where the layer has been told which device to take, it stays.
#[cfg(target_os = "linux")]
pub fn silence_device_selection() {
    use std::env::{args_os, current_exe, var_os};
    use std::os::unix::process::CommandExt;

    let said = [
        "XDG_RUNTIME_DIR",
        "NODEVICE_SELECT",
        "MESA_VK_DEVICE_SELECT",
    ];
    if said.iter().any(|name| var_os(name).is_some()) {
        return;
    }
    let mut args = args_os();
    if let (Ok(program), Some(name)) = (current_exe(), args.next()) {
        let mut again = std::process::Command::new(program);
        again.arg0(name).args(args).env("NODEVICE_SELECT", "1");
        // It returns only where it failed; then the noise has to be borne.
        let _ = again.exec();
    }
}

/// Elsewhere there is nothing to silence.
#[cfg(not(target_os = "linux"))]
pub fn silence_device_selection() {}
