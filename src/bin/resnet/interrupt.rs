//! Ctrl-C: what was begun is brought to an end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Becomes true at Ctrl-C. A second one ends the process.
pub fn stop_on_interrupt() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let at_signal = Arc::clone(&stop);
    // Where it cannot be set, Ctrl-C ends the process as it always does.
    let _ = ctrlc::set_handler(move || {
        if at_signal.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
    });
    stop
}
