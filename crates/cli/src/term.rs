//! Results to stdout, all else to stderr; a reader that has gone is no error
//! and never a panic.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use resnet_wgpu::low_level::printable;
use serde::Serialize;

use crate::failure::Failure;

/// Writes a result to stdout, at once.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|e| match e.kind() {
        ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::new(format!("stdout: cannot write the result: {e}")),
    })
}

/// Writes a result to stdout as one line of JSON.
pub fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    print(&format!("{}\n", json(serde_json::to_string(value))?))
}

/// Writes a result to stdout as JSON that people read too.
pub fn print_json_pretty(value: &impl Serialize) -> Result<(), Failure> {
    print(&format!("{}\n", json(serde_json::to_string_pretty(value))?))
}

fn json(written: serde_json::Result<String>) -> Result<String, Failure> {
    written.map_err(|e| Failure::new(format!("the result cannot be written as JSON: {e}")))
}

/// Tells an error on stderr.
pub fn error(message: &str) {
    say("error", message);
}

/// Tells on stderr what the user should know.
pub fn note(message: &str) {
    say("note", message);
}

fn say(kind: &str, message: &str) {
    // Where stderr is closed, there is nobody to tell.
    let _ = writeln!(io::stderr(), "{kind}: {message}");
}

/// A path on one line, without the control characters that a file name may
/// carry.
pub fn shown(path: &Path) -> String {
    printable(path.display())
}
