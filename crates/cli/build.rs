//! Reads the version of wgpu from the lock file: the package's own, or the workspace's.

use std::fs;

fn main() {
    // A published package has a lock file next to this file; the repository has the workspace's.
    let locks = ["Cargo.lock", "../../Cargo.lock"];
    let lock = locks
        .into_iter()
        .find(|lock| fs::exists(lock).unwrap_or(false));
    let text = lock.and_then(|lock| fs::read_to_string(lock).ok());
    let version = text.as_deref().and_then(|text| locked(text, "wgpu"));
    println!(
        "cargo::rustc-env=WGPU_VERSION={}",
        version.unwrap_or("unknown")
    );
    println!("cargo::rerun-if-changed=build.rs");
    if let Some(lock) = lock {
        println!("cargo::rerun-if-changed={lock}");
    }
}

/// The version of a package in a lock file.
fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.next()?;
    let version = lines.next()?.strip_prefix("version = \"")?;
    version.strip_suffix('"')
}
