//! A virtual screen.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// An X server for one test. Dropping it ends the server.
pub struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// Starts a server with a free display number.
    pub fn start() -> Self {
        let screen = [
            "-screen",
            "0",
            "1280x800x24",
            "-nolisten",
            "tcp",
            "-displayfd",
            "1",
        ];
        let server = Command::new("Xvfb")
            .args(screen)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut server = server.expect("Xvfb: run ./scripts/test, or install xvfb");
        let out = server.stdout.take().expect("it was piped");
        // The server prints its number once it listens. A separate thread reads the
        // number, because a read has no time limit.
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(out).read_line(&mut line);
            let _ = sender.send(read.map(|_| line));
        });
        let mut display = Self {
            server,
            name: String::new(),
        };
        let line = receiver.recv_timeout(Duration::from_secs(30));
        let number: u32 = line
            .expect("Xvfb does not start")
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        display.name = format!(":{number}");
        display
    }

    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // The server may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
