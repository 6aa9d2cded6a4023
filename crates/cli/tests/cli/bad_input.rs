//! Tests of invalid files: each causes one clear line and no panic.

use crate::support::{Folder, resnet, root};

/// Returns a BMP header that announces 30,000×30,000 pixels, without pixels after it.
fn huge_bmp() -> Vec<u8> {
    let mut bmp = b"BM".to_vec();
    for word in [54u32, 0, 54, 40, 30_000, 30_000] {
        bmp.extend(word.to_le_bytes());
    }
    bmp.extend(1u16.to_le_bytes());
    bmp.extend(24u16.to_le_bytes());
    bmp.resize(54, 0);
    bmp
}

#[test]
fn broken_images() {
    let folder = Folder::new();
    let whole = folder.photo("grace_hopper.jpg", "whole.jpg");
    let whole = std::fs::read(whole).unwrap();
    for (name, bytes, says) in [
        ("zero.png", vec![], "an empty file"),
        (
            "cut.jpg",
            whole[..whole.len() / 2].to_vec(),
            "ends too early",
        ),
        ("huge.bmp", huge_bmp(), "found 30000x30000"),
        (
            "text.png",
            b"this is no image at all".to_vec(),
            "a file that starts with",
        ),
    ] {
        let file = folder.write(name, bytes);
        for device in ["auto", "cpu"] {
            let error = resnet(&["classify", "--device", device, &file]).error(1);
            assert!(error.contains(says) && error.contains(name), "{error}");
        }
    }
}

#[test]
fn weights_of_other_formats_come_with_their_conversion() {
    let folder = Folder::new();
    let mut zip = b"PK\x03\x04\0\0\x08\x08".to_vec();
    zip.resize(30, 0);
    zip.extend(b"archive/data.pkl");
    for (name, bytes, says) in [
        ("resnet50.pth", zip, "torch.load("),
        (
            "pytorch_model.bin",
            b"\x80\x02}q\0.".to_vec(),
            "torch.load(",
        ),
        (
            "resnet50.onnx",
            b"\x08\x08\x12\x07pytorch".to_vec(),
            "onnx.load(",
        ),
    ] {
        let file = folder.write(name, bytes);
        let error = resnet(&["classify", "--weights", &file, "photos/chelsea.png"]).error(1);
        assert!(
            error.contains("expected safetensors") && error.contains(says),
            "{error}"
        );
    }
}

#[test]
fn broken_weights() {
    let folder = Folder::new();
    let whole = std::fs::read(root().join("weights/resnet20-cifar10.safetensors")).unwrap();
    for (name, bytes) in [
        ("empty", vec![]),
        ("cut", whole[..whole.len() - 1].to_vec()),
        (
            "length",
            [&u64::MAX.to_le_bytes()[..], &whole[8..]].concat(),
        ),
    ] {
        let file = folder.write(name, bytes);
        let error = resnet(&["summary", "--weights", &file]).error(1);
        assert!(error.contains(name), "{error}");
    }
    // The preset of another network lists every difference.
    let weights = folder.write("whole.safetensors", &whole);
    let output = resnet(&["summary", "--model", "resnet32", "--weights", &weights]);
    assert_eq!(
        (output.code, output.errors().len()),
        (1, 1),
        "{}",
        output.stderr
    );
    assert!(
        output
            .stderr
            .contains("missing    layer1.3.conv1.weight: expected"),
        "{}",
        output.stderr
    );
}

#[test]
fn labels_of_another_network() {
    let folder = Folder::new();
    let labels = folder.write("labels.txt", "one\ntwo\nthree\n");
    for args in [
        &["classify", "photos/chelsea.png"][..],
        &["eval", "--data", "photos"],
    ] {
        let args = [args, &["--labels", &labels]].concat();
        let error = resnet(&args).error(1);
        assert!(
            error.contains("expected 10") && error.contains("found 3"),
            "{error}"
        );
    }
}
