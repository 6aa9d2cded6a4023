//! Ctrl-C: what was begun is brought to an end.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Becomes true at Ctrl-C, or where the process is told to end. A second time
/// ends the process, and removes the file that it leaves half written.
pub fn stop_on_interrupt(half_written: Option<&Path>) -> Arc<AtomicBool> {
    let half_written: Option<PathBuf> = half_written.map(Path::to_owned);
    let stop = Arc::new(AtomicBool::new(false));
    let at_signal = Arc::clone(&stop);
    // Where it cannot be set, Ctrl-C ends the process as it always does.
    let _ = ctrlc::set_handler(move || {
        if at_signal.swap(true, Ordering::Relaxed) {
            if let Some(file) = &half_written {
                // In its place already, if it is not there.
                let _ = fs::remove_file(file);
            }
            std::process::exit(1);
        }
    });
    stop
}
