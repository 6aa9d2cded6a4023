//! `resnet eval`.

use serde_json::Value;

use crate::support::{Folder, keys, resnet};

fn report(args: &[&str]) -> (i32, Value) {
    let ran = resnet(args);
    let report = serde_json::from_str(&ran.stdout);
    (
        ran.code,
        report.unwrap_or_else(|e| panic!("{e}: {}{}", ran.stdout, ran.stderr)),
    )
}

#[test]
fn class_folders_and_lists_are_counted() {
    let folder = Folder::new();
    folder.photo("chelsea.png", "val/cat/1.png");
    folder.photo("chelsea.png", "val/dog/2.png");
    folder.photo("rocket.jpg", "val/ship/3.jpg");
    let (code, found) = report(&["eval", "--json", "--data", &folder.arg("val")]);
    assert_eq!(code, 0);
    let expected = [
        "model",
        "data",
        "device",
        "top1",
        "top5",
        "images",
        "failed",
        "images_per_second",
    ];
    assert_eq!(keys(&found), expected);
    assert_eq!((&found["images"], &found["failed"]), (&3.into(), &0.into()));
    assert!((found["top1"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9);
    assert_eq!(found["top5"].as_f64(), Some(1.0));
    assert!(found["images_per_second"].as_f64().unwrap() > 0.0);

    let list = "path,label\nval/cat/1.png,cat\nval/ship/3.jpg,8\nval/dog/2.png,automobile\n";
    let list = folder.write("list.csv", list);
    let (_, all) = report(&["eval", "--json", "--device", "cpu", "--data", &list]);
    assert!((all["top1"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9);
    let (_, two) = report(&["eval", "--json", "--limit", "2", "--data", &list]);
    assert_eq!((&two["images"], &two["top1"]), (&2.into(), &1.0.into()));
}

#[test]
fn cifar_batches_are_read_and_printed() {
    let folder = Folder::new();
    // Three gray images with the labels 0, 1 and 2.
    let images: Vec<u8> = (0..3u8)
        .flat_map(|label| std::iter::once(label).chain(std::iter::repeat_n(90 * label, 3072)))
        .collect();
    let data = folder.write("batch.bin", images);
    let stdout = resnet(&["eval", "--data", &data, "--batch-size", "2"]).ok();
    let words: Vec<_> = stdout
        .lines()
        .map(|l| l.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(
        words,
        [
            "model", "data", "device", "top-1", "top-5", "images", "speed"
        ]
    );
    assert!(stdout.contains("images  3\n"), "{stdout}");
}

#[test]
fn broken_images_are_left_out() {
    let folder = Folder::new();
    folder.photo("chelsea.png", "val/cat/1.png");
    folder.write("val/cat/2.png", b"");
    let (code, found) = report(&["eval", "--json", "--data", &folder.arg("val")]);
    assert_eq!(code, 1);
    assert_eq!((&found["images"], &found["failed"]), (&1.into(), &1.into()));
    assert_eq!(found["top1"].as_f64(), Some(1.0));
}

#[test]
fn what_is_no_data_set_is_named() {
    let folder = Folder::new();
    let error = resnet(&["eval", "--data", &folder.arg("missing")]).error(1);
    assert!(error.contains("no such path"), "{error}");
    let list = folder.write("list.csv", "a.png,unicorn\n");
    let error = resnet(&["eval", "--data", &list]).error(1);
    assert!(error.contains("unicorn"), "{error}");
    folder.write("val/cat/2.png", b"");
    let ran = resnet(&["eval", "--json", "--data", &folder.arg("val")]);
    assert!(ran.error(1).contains("2.png"));
}
