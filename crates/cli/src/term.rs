//! Writes results to stdout and everything else to stderr. A closed pipe never causes an error
//! message or a panic.

use std::io::{self, ErrorKind, Write};
use std::path::Path;

use resnet_wgpu::low_level::printable;
use serde::Serialize;

use crate::failure::Failure;

/// Writes a result to stdout and flushes it.
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

/// Writes a result to stdout as indented JSON.
pub fn print_json_pretty(value: &impl Serialize) -> Result<(), Failure> {
    print(&format!("{}\n", json(serde_json::to_string_pretty(value))?))
}

fn json(written: serde_json::Result<String>) -> Result<String, Failure> {
    written.map_err(|e| Failure::new(format!("the result cannot be written as JSON: {e}")))
}

/// Reports an error on stderr.
pub fn error(message: &str) {
    write_line("error", message);
}

/// Prints a note for the user on stderr.
pub fn note(message: &str) {
    write_line("note", message);
}

fn write_line(kind: &str, message: &str) {
    // If stderr is closed, the message cannot be reported anywhere.
    let _ = writeln!(io::stderr(), "{kind}: {message}");
}

/// Formats a path on one line. Control characters in file names are replaced.
pub fn display_path(path: &Path) -> String {
    printable(path.display())
}
