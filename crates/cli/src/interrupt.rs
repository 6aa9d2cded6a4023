//! Handles Ctrl-C: work in progress is finished before the program ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Returns a flag that becomes true at Ctrl-C or at a request to terminate. A second signal ends
/// the process and deletes the file `half_written`.
pub fn stop_on_interrupt(half_written: Option<&Path>) -> Arc<AtomicBool> {
    let half_written: Option<PathBuf> = half_written.map(Path::to_owned);
    let stop = Arc::new(AtomicBool::new(false));
    let at_signal = Arc::clone(&stop);
    // If the handler cannot be installed, Ctrl-C ends the process as usual.
    let _ = ctrlc::set_handler(move || {
        if at_signal.swap(true, Ordering::Relaxed) {
            if let Some(file) = &half_written {
                // A missing file has already been moved to its final path.
                let _ = fs::remove_file(file);
            }
            std::process::exit(1);
        }
    });
    stop
}
