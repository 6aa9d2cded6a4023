//! Prevents irrelevant error messages on machines without a desktop.

/// Restarts the program with `NODEVICE_SELECT=1` on a Linux machine without a desktop.
///
/// On such a machine, Mesa's device-selection layer asks Wayland which GPU shows the desktop.
/// libwayland then prints `error: XDG_RUNTIME_DIR is invalid`, twice for each instance. A process
/// can change its environment safely only before it starts, hence the restart, which costs a
/// millisecond. Nothing is changed if the environment already specifies the device to select.
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
        // `exec` returns only if it failed; the messages are then accepted.
        let _ = again.exec();
    }
}

/// Does nothing: other systems print no such messages.
#[cfg(not(target_os = "linux"))]
pub fn silence_device_selection() {}
