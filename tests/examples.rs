//! Tests that run the examples and check what they print.

use std::process::Command;

use resnet_wgpu::{Classifier, DeviceSelector, Gpu, Model, decode_file};

/// Returns what an example prints. Cargo has built the examples next to this test program.
fn printed(name: &str, args: &[&str]) -> String {
    // The test program is in `deps`, a sibling of `examples`.
    let test = std::env::current_exe().unwrap();
    let examples = test.parent().unwrap().with_file_name("examples");
    let example = examples.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let ran = Command::new(&example)
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap_or_else(|e| panic!("{}: {e}; run all of `cargo test`", example.display()));
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{name}: {stderr}");
    String::from_utf8(ran.stdout).unwrap()
}

/// Returns the likeliest class of a photo according to the library.
fn best(photo: &str) -> String {
    let gpu = Gpu::new(DeviceSelector::Auto).unwrap();
    let classifier =
        Classifier::new(&gpu, &Model::embedded().unwrap(), &Default::default()).unwrap();
    let photo = decode_file(photo, &Default::default()).unwrap();
    classifier.classify(&photo, 1).unwrap()[0].label.clone()
}

#[test]
fn embed_labels_a_photo() {
    let text = printed("embed", &["photos/coffee.png"]);
    assert_eq!(text.lines().count(), 3, "{text}");
    let first = text.lines().next().unwrap();
    assert!(first.ends_with(&best("photos/coffee.png")), "{text}");
    let weights = "weights/resnet20-cifar10.safetensors";
    assert_eq!(printed("embed", &["photos/coffee.png", weights]), text);
}

#[test]
fn async_labels_all_photos_in_order() {
    let photos = [
        "photos/chelsea.png",
        "photos/rocket.jpg",
        "photos/coffee.png",
    ];
    let text = printed("async", &photos);
    for (line, photo) in text.lines().zip(photos) {
        assert!(
            line.ends_with(photo) && line.contains(&best(photo)),
            "{text}"
        );
    }
    assert_eq!(text.lines().count(), photos.len(), "{text}");
}

#[test]
fn shared_device_uploads_nothing_and_never_waits() {
    let text = printed("shared_device", &["photos/chelsea.png"]);
    let answers = text
        .lines()
        .filter(|line| line.starts_with("frame "))
        .count();
    assert!(answers >= 2, "{text}");
    assert!(text.contains(" cat "), "{text}");
    let last = text.lines().last().unwrap();
    assert!(
        last.ends_with("0 bytes of pictures uploaded, 0 waits"),
        "{text}"
    );
}
