//! Runs of the binary with a cache of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::{File, Server, State, commit};

#[path = "../cli/command_output.rs"]
#[allow(dead_code, reason = "each suite uses a part of it")]
mod command_output;

pub use command_output::{CommandOutput, finished};

/// The model that most tests fetch.
pub const MODEL: &str = "some/resnet20";

/// Returns the embedded weights, which are an ordinary checkpoint.
pub fn weights() -> Vec<u8> {
    fs::read(root().join("weights/resnet20-cifar10.safetensors")).unwrap()
}

/// Returns the repository's root folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Starts a hub that has the model, with a configuration.
pub fn hub() -> Server {
    hub_with(State::default())
}

/// Starts a hub with the model and the failures of `state`.
pub fn hub_with(mut state: State) -> Server {
    let files = vec![
        File::large("model.safetensors", weights()),
        File::small("config.json", "{}\n"),
    ];
    state.commits.push((MODEL, commit('a'), files));
    state.revisions.push((MODEL, "main", commit('a')));
    Server::start(state)
}

/// A user with a home of their own, and a hub.
pub struct User {
    folder: tempfile::TempDir,
    endpoint: String,
}

impl User {
    pub fn new(server: &Server) -> Self {
        Self::with_endpoint(server.endpoint())
    }

    pub fn with_endpoint(endpoint: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, endpoint }
    }

    /// Returns a user without a network: no server listens at the hub's address.
    pub fn without_network() -> Self {
        Self::with_endpoint(closed())
    }

    /// Returns the path for HF_HOME.
    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    /// Returns a path in the cache, below the model's folder.
    pub fn cached(&self, path: &str) -> PathBuf {
        let model = format!("models--{}", MODEL.replace('/', "--"));
        self.home().join("hub").join(model).join(path)
    }

    /// Returns every file in the cache, except locks and the cache's tag.
    pub fn files(&self) -> Vec<String> {
        let walked = walkdir::WalkDir::new(self.home()).sort_by_file_name();
        let files = walked.into_iter().map(Result::unwrap);
        let files = files.filter(|entry| !entry.file_type().is_dir());
        let names = files.map(|entry| {
            let path = entry.path().strip_prefix(self.home()).unwrap();
            path.to_str().unwrap().replace('\\', "/")
        });
        names
            .filter(|name| !name.ends_with(".lock") && !name.ends_with("CACHEDIR.TAG"))
            .collect()
    }

    /// Returns a command in this user's environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_resnet"));
        command.args(args);
        self.prepare(&mut command);
        command
    }

    /// Sets the user's environment for a command, and removes the environment of the tests.
    pub fn prepare(&self, command: &mut Command) {
        command.current_dir(root());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().to_ascii_uppercase();
            let foreign = ["HF_", "HUGGING", "TRANSFORMERS_", "XDG_"];
            if name.ends_with("_PROXY") || foreign.iter().any(|f| name.starts_with(f)) {
                command.env_remove(&name);
                command.env_remove(name.to_ascii_lowercase());
            }
        }
        command.env("HF_HOME", self.home());
        command.env("HF_ENDPOINT", &self.endpoint);
        command.env("XDG_RUNTIME_DIR", self.home());
    }

    pub fn resnet(&self, args: &[&str]) -> CommandOutput {
        finished(self.command(args).output().unwrap())
    }

    /// Runs the binary with an additional environment variable.
    pub fn resnet_with(&self, variable: (&str, &str), args: &[&str]) -> CommandOutput {
        let mut command = self.command(args);
        finished(command.env(variable.0, variable.1).output().unwrap())
    }

    /// Fetches the model.
    pub fn fetch(&self) -> CommandOutput {
        self.resnet(&["fetch", MODEL])
    }
}

/// Returns an address at which no server listens.
pub fn closed() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Asserts that a text contains all of these parts.
#[track_caller]
pub fn contains(text: &str, all: &[&str]) {
    for part in all {
        assert!(text.contains(part), "`{part}` in {text}");
    }
}
