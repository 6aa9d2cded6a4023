//! A test that the header in the repository is the one that cbindgen generates.
//!
//!     RESNET_WRITE_HEADER=1 cargo test --release -p resnet-wgpu-c --test header
//!
//! generates the header again.

use std::path::Path;

/// The files with items for C, in the order in which they appear in the header.
const SOURCES: [&str; 10] = [
    "status",
    "version",
    "last_error",
    "device",
    "device_list",
    "model",
    "options",
    "classifier",
    "session",
    "prediction",
];

#[test]
fn the_header_is_generated_from_the_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let sources = SOURCES.map(|name| root.join(format!("src/{name}.rs")));
    let builder = sources.iter().fold(
        cbindgen::Builder::new().with_config(config),
        |builder, source| builder.with_src(source),
    );
    let mut generated = vec![];
    builder.generate().unwrap().write(&mut generated);
    let generated = String::from_utf8(generated).unwrap();

    let file = root.join("include/resnet_wgpu.h");
    if std::env::var_os("RESNET_WRITE_HEADER").is_some() {
        std::fs::write(&file, &generated).unwrap();
    }
    let stored = std::fs::read_to_string(&file).unwrap();
    assert!(
        stored == generated,
        "expected include/resnet_wgpu.h as generated from src/, found another text; \
         RESNET_WRITE_HEADER=1 generates it again"
    );
}
