//! Compilers, and the tools that run the compiled programs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use crate::installed::{folder, pkg_config, prefix};

/// The way in which a program is linked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Linkage {
    Shared,
    /// The archive, with pkg-config's private libraries.
    Static,
    /// Shared, with AddressSanitizer and UndefinedBehaviorSanitizer.
    Sanitized,
}

/// Compiles a program of this crate, once for all tests.
pub fn compile(source: &'static str, linkage: Linkage) -> PathBuf {
    static PROGRAMS: Mutex<BTreeMap<(&str, Linkage), PathBuf>> = Mutex::new(BTreeMap::new());
    // A test whose compilation failed has left no entry, so the map is still correct.
    let mut programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
    let program = programs.entry((source, linkage));
    program.or_insert_with(|| build(source, linkage)).clone()
}

fn build(source: &str, linkage: Linkage) -> PathBuf {
    let mut compiler = if source.ends_with(".cpp") {
        tool("c++", "g++")
    } else {
        tool("cc", "gcc")
    };
    compiler.arg(if source.ends_with(".cpp") {
        "-std=c++17"
    } else {
        "-std=c11"
    });
    compiler.args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-g", "-O1"]);
    let suffix = match linkage {
        Linkage::Shared => "shared",
        Linkage::Static => "static",
        Linkage::Sanitized => "sanitized",
    };
    let libraries = match linkage {
        Linkage::Static => {
            let mut all = pkg_config(&["--static", "--libs"]);
            let archive = prefix().join("lib/libresnet_wgpu_c.a");
            all.retain(|flag| flag != "-lresnet_wgpu_c");
            all.insert(0, archive.display().to_string());
            all
        }
        _ => pkg_config(&["--libs"]),
    };
    if linkage == Linkage::Sanitized {
        compiler.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
    }
    let program = folder().join(format!("{}-{suffix}", source.replace('/', "-")));
    compiler.args(pkg_config(&["--cflags"]));
    compiler.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(source));
    output(compiler.arg("-o").arg(&program).args(libraries));
    program
}

/// Returns a command that runs the program with the installed library.
pub fn program(program: &Path) -> Command {
    with_library(Command::new(program))
}

/// Returns a command that runs the program under valgrind. A leaked block is an error, too.
pub fn valgrind(program: &Path) -> Command {
    let mut valgrind = tool("valgrind", "valgrind");
    valgrind.args(["--quiet", "--error-exitcode=9", "--leak-check=full"]);
    valgrind.args([
        "--errors-for-leak-kinds=definite",
        "--show-leak-kinds=definite",
    ]);
    valgrind.arg(program);
    with_library(valgrind)
}

fn with_library(mut command: Command) -> Command {
    command.env("LD_LIBRARY_PATH", prefix().join("lib"));
    command
}

/// Runs a command without GPU drivers. Valgrind does not support all instructions that
/// drivers generate, and leaks of drivers are not errors of this library.
pub fn without_drivers(command: &mut Command) -> &mut Command {
    command.env("WGPU_BACKEND", "noop")
}

/// Returns the command for a tool; the error of a missing tool names its Debian package.
pub fn tool(name: &str, package: &str) -> Command {
    let found = Command::new(name).arg("--version").output();
    assert!(
        found.is_ok_and(|found| found.status.success()),
        "no {name}: run ./scripts/test, or install {package}"
    );
    Command::new(name)
}

/// Runs a command, which must succeed, and returns its output.
pub fn output(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let stdout = text(&stdout);
    let stderr = text(&stderr);
    assert!(
        status.success(),
        "{command:?}: {status}\n{stdout}\n{stderr}"
    );
    stdout
}

/// Runs a command, which must fail with that exit code, and returns its error output.
pub fn failure(command: &mut Command, code: i32) -> String {
    let found = command.output().unwrap();
    assert_eq!(found.status.code(), Some(code), "{command:?}");
    text(&found.stderr)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
