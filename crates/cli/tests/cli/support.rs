//! Runs the binary and looks at what it says.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

#[path = "ran.rs"]
#[allow(dead_code, reason = "each suite uses a part of it")]
mod ran;

pub use ran::{Ran, finished};

/// The repository's own folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A command in this repository's root.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_resnet"));
    command.args(args).current_dir(root());
    // Without it some drivers complain on stderr.
    command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    // Whoever runs the tests may have tuned.
    command.env(
        "RESNET_CACHE_DIR",
        std::env::temp_dir().join("resnet-wgpu-tests"),
    );
    command
}

/// Runs it.
pub fn resnet(args: &[&str]) -> Ran {
    finished(command(args).output().unwrap())
}

/// Runs it where no adapter is to be found.
pub fn without_adapter(args: &[&str]) -> Ran {
    // No system that these tests run on has both this and no other.
    let backend = if cfg!(windows) { "vulkan" } else { "dx12" };
    finished(command(args).env("WGPU_BACKEND", backend).output().unwrap())
}

/// Its lines as JSON.
pub fn json_lines(stdout: &str) -> Vec<Value> {
    let lines = stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The keys of a JSON object, in order.
pub fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// A folder that is gone when the test ends.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The same as an argument.
    pub fn arg(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Writes a file, and gives its path as an argument.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), bytes).unwrap();
        self.arg(name)
    }

    /// Copies one of the repository's photos there.
    pub fn photo(&self, photo: &str, name: &str) -> String {
        let path = root().join("photos").join(photo);
        self.write(name, std::fs::read(path).unwrap())
    }
}
