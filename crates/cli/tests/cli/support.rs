//! Functions that run the binary and inspect its output.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

#[path = "command_output.rs"]
#[allow(dead_code, reason = "each suite uses a part of it")]
mod command_output;

pub use command_output::{CommandOutput, finished};

/// Returns the repository's root folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns a command that runs in the repository's root.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_resnet"));
    command.args(args).current_dir(root());
    // Some drivers complain on stderr without this variable.
    command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    // The cache of the user may hold tunings, so the tests use another cache.
    command.env(
        "RESNET_CACHE_DIR",
        std::env::temp_dir().join("resnet-wgpu-tests"),
    );
    command
}

/// Runs the binary.
pub fn resnet(args: &[&str]) -> CommandOutput {
    finished(command(args).output().unwrap())
}

/// Runs the binary with a backend that has no adapter.
pub fn without_adapter(args: &[&str]) -> CommandOutput {
    // The tests' systems do not have this backend.
    let backend = if cfg!(windows) { "vulkan" } else { "dx12" };
    finished(command(args).env("WGPU_BACKEND", backend).output().unwrap())
}

/// Parses each line of the output as JSON.
pub fn json_lines(stdout: &str) -> Vec<Value> {
    let lines = stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Returns the keys of a JSON object, in order.
pub fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// A temporary folder that is removed when the test ends.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Returns a path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Returns a path in the folder as an argument.
    pub fn arg(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Writes a file into the folder and returns its path as an argument.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), bytes).unwrap();
        self.arg(name)
    }

    /// Copies one of the repository's photos into the folder.
    pub fn photo(&self, photo: &str, name: &str) -> String {
        let path = root().join("photos").join(photo);
        self.write(name, std::fs::read(path).unwrap())
    }
}
