//! Sets the name of the shared library for the run-time linker. A program runs with
//! every version that has the interface for which the program was compiled.

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let os = var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if matches!(
        os.as_str(),
        "linux" | "android" | "freebsd" | "netbsd" | "openbsd"
    ) {
        let part = |name: &str| var(format!("CARGO_PKG_VERSION_{name}")).unwrap_or_default();
        // Before 1.0 each minor version may break the interface. `install` gives its
        // links this version, too.
        let version = match part("MAJOR").as_str() {
            "0" => format!("0.{}", part("MINOR")),
            major => major.to_owned(),
        };
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libresnet_wgpu_c.so.{version}");
    }
}
