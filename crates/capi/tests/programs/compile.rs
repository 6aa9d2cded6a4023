//! Compilers, and what runs their programs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use crate::installed::{folder, pkg_config, prefix};

/// How a program is linked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    Shared,
    /// The archive, with pkg-config's private libraries.
    Static,
    /// Shared, with AddressSanitizer and UndefinedBehaviorSanitizer.
    Sanitized,
}

/// A program of this crate, compiled once however many tests run it.
pub fn compile(source: &'static str, link: Link) -> PathBuf {
    static MADE: Mutex<BTreeMap<(&str, Link), PathBuf>> = Mutex::new(BTreeMap::new());
    // A test that failed to compile its program has made nothing.
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let program = made.entry((source, link));
    program.or_insert_with(|| make(source, link)).clone()
}

fn make(source: &str, link: Link) -> PathBuf {
    let mut compiler = match source.ends_with(".cpp") {
        true => tool("c++", "g++"),
        false => tool("cc", "gcc"),
    };
    compiler.arg(match source.ends_with(".cpp") {
        true => "-std=c++17",
        false => "-std=c11",
    });
    compiler.args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-g", "-O1"]);
    let suffix = match link {
        Link::Shared => "shared",
        Link::Static => "static",
        Link::Sanitized => "sanitized",
    };
    let libraries = match link {
        Link::Static => {
            let mut all = pkg_config(&["--static", "--libs"]);
            let archive = prefix().join("lib/libresnet_wgpu_c.a");
            all.retain(|flag| flag != "-lresnet_wgpu_c");
            all.insert(0, archive.display().to_string());
            all
        }
        _ => pkg_config(&["--libs"]),
    };
    if link == Link::Sanitized {
        compiler.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
    }
    let program = folder().join(format!("{}-{suffix}", source.replace('/', "-")));
    compiler.args(pkg_config(&["--cflags"]));
    compiler.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(source));
    output(compiler.arg("-o").arg(&program).args(libraries));
    program
}

/// The program, to be run with the installed library.
pub fn program(program: &Path) -> Command {
    with_library(Command::new(program))
}

/// The same under valgrind, for which a lost block is an error as well.
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

/// Leaves GPU drivers out: valgrind does not know all instructions that they
/// compile to, and what they leak is theirs.
pub fn without_drivers(command: &mut Command) -> &mut Command {
    command.env("WGPU_BACKEND", "noop")
}

/// A tool, and the Debian package that it is in.
pub fn tool(name: &str, package: &str) -> Command {
    let found = Command::new(name).arg("--version").output();
    assert!(
        found.is_ok_and(|found| found.status.success()),
        "no {name}: run ./scripts/test, or install {package}"
    );
    Command::new(name)
}

/// What it prints; it must succeed.
pub fn output(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let (stdout, stderr) = (text(&stdout), text(&stderr));
    assert!(
        status.success(),
        "{command:?}: {status}\n{stdout}\n{stderr}"
    );
    stdout
}

/// What a program says as it fails with that exit code.
pub fn failure(command: &mut Command, code: i32) -> String {
    let found = command.output().unwrap();
    assert_eq!(found.status.code(), Some(code), "{command:?}");
    text(&found.stderr)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
