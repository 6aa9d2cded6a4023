//! The interface, installed in a folder for these tests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::compile::{output, tool};

/// Returns the root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns the folder for the files that these tests create.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("capi")
}

/// Installs the interface once and returns its prefix.
pub fn prefix() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let folder = folder();
        // Remove the files of another version.
        let _ = std::fs::remove_dir_all(&folder);
        let prefix = folder.join("prefix");
        output(install().arg("--prefix").arg(&prefix));
        prefix
    })
}

/// Returns the install script, with the libraries that cargo built for these tests.
fn install() -> Command {
    let deps = std::env::current_exe().unwrap();
    let mut install = Command::new(root().join("crates/capi/install"));
    install.arg("--built").arg(deps.parent().unwrap());
    install
}

/// Returns the output of pkg-config for the library, split at spaces.
pub fn pkg_config(arguments: &[&str]) -> Vec<String> {
    let mut command = tool("pkg-config", "pkg-config");
    command.args(arguments).arg("resnet_wgpu_c");
    command.env("PKG_CONFIG_PATH", prefix().join("lib/pkgconfig"));
    let flags = output(&mut command);
    flags.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn pkg_config_finds_the_library() {
    assert_eq!(pkg_config(&["--modversion"]), [env!("CARGO_PKG_VERSION")]);
    let prefix = prefix().display();
    let flags = [
        format!("-I{prefix}/include"),
        format!("-L{prefix}/lib"),
        "-lresnet_wgpu_c".into(),
    ];
    assert_eq!(pkg_config(&["--cflags", "--libs"]), flags);
}

#[test]
fn packagers_install_into_a_staging_folder() {
    let stage = folder().with_file_name("capi-stage");
    let _ = std::fs::remove_dir_all(&stage);
    let mut install = install();
    install.args(["--prefix", "/usr", "--libdir", "/usr/lib64"]);
    output(install.arg("--destdir").arg(&stage));
    let config = stage.join("usr/lib64/pkgconfig/resnet_wgpu_c.pc");
    let config = std::fs::read_to_string(config).unwrap();
    assert!(config.contains("prefix=/usr\nlibdir=/usr/lib64\n"));
    assert!(!config.contains('@'));
    assert!(stage.join("usr/include/resnet_wgpu.h").is_file());
    assert!(stage.join("usr/lib64/libresnet_wgpu_c.so").is_file());
    std::fs::remove_dir_all(&stage).unwrap();

    let refused = self::install().arg("--prefx").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no option --prefx"));
}

/// Checks that the library exports exactly the symbols that the header declares.
#[test]
fn the_header_declares_every_symbol() {
    let mut nm = tool("nm", "binutils");
    nm.args(["-D", "--defined-only", "--format=posix"]);
    let symbols = output(nm.arg(prefix().join("lib/libresnet_wgpu_c.so")));
    let exported: BTreeSet<&str> = (symbols.lines())
        .filter_map(|line| line.split_whitespace().next())
        .collect();

    let header = std::fs::read_to_string(prefix().join("include/resnet_wgpu.h")).unwrap();
    // Declarations start at the beginning of a line; comment lines start with a space or `/`.
    let declared: BTreeSet<&str> = (header.lines())
        .filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic()))
        .filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next())
        .collect();
    assert!(declared.contains("resnet_classify_rgb"));
    assert_eq!(exported, declared);
}
