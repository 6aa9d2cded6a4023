//! Tests of `resnet eval`.

use serde_json::Value;

use crate::support::{Folder, keys, resnet, root};

fn report(args: &[&str]) -> (i32, Value) {
    let output = resnet(args);
    let report = serde_json::from_str(&output.stdout);
    (
        output.code,
        report.unwrap_or_else(|e| panic!("{e}: {}{}", output.stdout, output.stderr)),
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
        "labels",
        "views",
        "of",
        "resumed",
        "interrupted",
        "seconds",
        "images_per_second",
        "limited_by",
        "images",
        "top1",
        "top1_interval",
        "top5",
        "top5_interval",
        "failed",
        "failures",
        "calibration",
        "classes",
        "confused",
        "mistakes",
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
    // The batch holds three gray images with the labels 0, 1 and 2.
    let images: Vec<u8> = (0..3u8)
        .flat_map(|label| std::iter::once(label).chain(std::iter::repeat_n(90 * label, 3072)))
        .collect();
    let data = folder.write("batch.bin", images);
    let stdout = resnet(&["eval", "--data", &data, "--batch-size", "2"]).ok();
    let head = stdout.split("\n\n").next().unwrap();
    let words: Vec<_> = head
        .lines()
        .map(|l| l.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(
        words,
        [
            "model", "data", "device", "views", "top-1", "top-5", "ECE", "images", "speed"
        ]
    );
    assert!(stdout.contains("predicted class"), "{stdout}");
    assert!(stdout.contains("images  3\n"), "{stdout}");
}

#[test]
fn broken_images_are_skipped() {
    let folder = Folder::new();
    folder.photo("chelsea.png", "val/cat/1.png");
    folder.write("val/cat/2.png", b"");
    let (code, found) = report(&["eval", "--json", "--data", &folder.arg("val")]);
    assert_eq!(code, 0);
    assert_eq!((&found["images"], &found["failed"]), (&1.into(), &1.into()));
    assert_eq!(found["top1"].as_f64(), Some(1.0));
    assert_eq!(found["failures"][0]["image"], "cat/2.png");
    let error = resnet(&["eval", "--strict", "--data", &folder.arg("val")]).error(1);
    assert!(
        error.contains("2.png") && error.contains("an empty file"),
        "{error}"
    );
}

/// Writes the repository's photos as a data set.
fn photos(folder: &Folder) -> String {
    for (photo, name) in [
        ("chelsea.png", "val/cat/1.png"),
        ("chelsea.png", "val/dog/2.png"),
        ("rocket.jpg", "val/airplane/3.jpg"),
        ("coffee.png", "val/ship/4.png"),
    ] {
        folder.photo(photo, name);
    }
    folder.arg("val")
}

#[test]
fn several_views_are_averaged() {
    let folder = Folder::new();
    let data = photos(&folder);
    for (args, views) in [
        (&["--crops", "10", "--resize", "40"][..], "10 crops"),
        (&["--mirror"], "the centre crop and its mirror image"),
        (&["--scales", "32,48"], "shorter sides 32, 48"),
    ] {
        let all = |device| {
            let args = [
                &["eval", "--json", "--data", &data, "--device", device],
                args,
            ]
            .concat();
            let (code, found) = report(&args);
            assert_eq!((code, &found["images"]), (0, &4.into()), "{found}");
            assert!(found["views"].as_str().unwrap().contains(views), "{found}");
            found
        };
        let (gpu, cpu) = (all("auto"), all("cpu"));
        assert_eq!(gpu["confused"], cpu["confused"], "{args:?}");
    }
    for (args, says) in [
        (&["--crops", "5"][..], "expected 1 or 10, found 5"),
        (&["--crops", "10", "--mirror"], "mirrored already"),
        (&["--scales", "0"], "--scales"),
        (&["--scales", "32", "--mirror"], "cannot be used with"),
    ] {
        let args = [&["eval", "--data", &data], args].concat();
        let error = resnet(&args).error(2);
        assert!(error.contains(says), "{error}");
    }
    // A picture that is smaller than a crop has no ten crops, so every picture fails.
    let output = resnet(&["eval", "--data", &data, "--crops", "10", "--resize", "16"]);
    assert_eq!(
        (output.code, output.errors().len()),
        (1, 4),
        "{}",
        output.stderr
    );
    let why = output.errors()[0];
    assert!(
        why.contains("3.jpg: preprocessing: expected a picture of at least 32x32"),
        "{why}"
    );
}

#[test]
fn a_picture_that_is_too_long_does_not_end_a_run() {
    let folder = Folder::new();
    let data = photos(&folder);
    let long = image::RgbImage::new(4000, 20);
    long.save(folder.path("val/cat/long.png")).unwrap();
    let (code, found) = report(&["eval", "--json", "--data", &data, "--scales", "48"]);
    let why = found["failures"][0]["error"].as_str().unwrap_or_default();
    assert_eq!(code, 0);
    assert_eq!((&found["images"], &found["failed"]), (&4.into(), &1.into()));
    assert!(
        why.contains("long.png") && why.contains("at scale 48, found 9600x48"),
        "{why}"
    );
}

#[test]
fn predictions_are_stored_and_resumed() {
    let folder = Folder::new();
    let data = photos(&folder);
    let save = folder.arg("predictions.csv");
    let run = ["eval", "--json", "--data", &data, "--save", &save];
    let (_, whole) = report(&["eval", "--json", "--data", &data]);
    let (_, two) = report(&[&run, &["--limit", "2"][..]].concat());
    assert_eq!((&two["images"], &two["of"]), (&2.into(), &4.into()));
    let output = resnet(&run);
    assert!(
        output
            .notes()
            .iter()
            .any(|note| note.contains("2 of 4 images were evaluated by an earlier run")),
        "{}",
        output.stderr
    );
    let all: Value = serde_json::from_str(&output.ok()).unwrap();
    for key in [
        "images",
        "top1",
        "top5",
        "calibration",
        "classes",
        "confused",
        "mistakes",
    ] {
        assert_eq!(all[key], whole[key], "{key}");
    }
    assert_eq!(all["resumed"], 2);
    let lines = std::fs::read_to_string(&save).unwrap();
    assert_eq!(lines.lines().count(), 5);
    // The run is complete, so the next run changes nothing.
    let again = resnet(&run);
    assert!(
        again.stderr.contains("nothing is left to do"),
        "{}",
        again.stderr
    );
    again.ok();
    assert_eq!(std::fs::read_to_string(&save).unwrap(), lines);

    // Predictions of another run and files without predictions are refused.
    let error = resnet(&[&run, &["--mirror"][..]].concat()).error(1);
    assert!(error.contains("found those of another"), "{error}");
    // This edit gives the answer for an airplane to a cat.
    std::fs::write(&save, lines.replacen("\n0,", "\n1,", 1)).unwrap();
    let error = resnet(&run).error(1);
    assert!(error.contains("line 2"), "{error}");
    let diary = folder.write("diary.csv", "dear diary\n");
    let error = resnet(&["eval", "--data", &data, "--save", &diary]).error(1);
    assert!(error.contains("dear diary"), "{error}");
}

#[test]
fn a_report_is_no_other_file() {
    let folder = Folder::new();
    let data = photos(&folder);
    let page = folder.arg("report.html");
    resnet(&["eval", "--data", &data, "--report", &page]).ok();
    let text = std::fs::read_to_string(&page).unwrap();
    assert!(text.contains("resnet20</bdi>: ") && text.contains("<img src="));
    let both = folder.arg("both.csv");
    let error = resnet(&["eval", "--data", &data, "--save", &both, "--report", &both]).error(2);
    assert!(error.contains("a file that is read"), "{error}");
    let labels = folder.write("labels.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
    let list = folder.write("list.csv", "val/cat/1.png,c\n");
    let args = [
        "eval", "--data", &list, "--labels", &labels, "--report", &labels,
    ];
    assert!(resnet(&args).error(2).contains("labels.txt"));
    let gone = folder.arg("no/such/folder/report.html");
    assert!(
        resnet(&["eval", "--data", &data, "--report", &gone])
            .error(1)
            .contains("cannot be written")
    );
}

#[test]
fn labels_in_a_file_of_their_own() {
    let folder = Folder::new();
    folder.photo("chelsea.png", "images/a.png");
    folder.photo("rocket.jpg", "images/b.jpg");
    let images = folder.arg("images");
    let truth = folder.write("truth.txt", "3\n0\n");
    let output = resnet(&["eval", "--json", "--data", &images, "--truth", &truth]);
    assert!(
        output.stderr.contains("class indices, counted from 0"),
        "{}",
        output.stderr
    );
    let found: Value = serde_json::from_str(&output.ok()).unwrap();
    let labels: Vec<_> = found["classes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["class"])
        .collect();
    assert_eq!(labels, [0, 3]);
    let short = folder.write("short.txt", "3\n");
    let error = resnet(&["eval", "--data", &images, "--truth", &short]).error(1);
    assert!(
        error.contains("2 images, one a line, found 1 lines"),
        "{error}"
    );
    let beyond = folder.write("beyond.txt", "3\n10\n");
    let error = resnet(&["eval", "--data", &images, "--truth", &beyond]).error(1);
    assert!(error.contains("from 0 to 9"), "{error}");
}

#[test]
fn networks_that_read_one_size_only_have_no_scales() {
    let folder = Folder::new();
    let data = photos(&folder);
    // A VGG's weights would take 574 MB. Without weights, the preset names the network.
    let args = [
        "eval", "--data", &data, "--model", "vgg19", "--scales", "224",
    ];
    let error = resnet(&args).error(2);
    assert!(error.contains("vgg19"), "{error}");
}

/// Writes a CIFAR batch of gray images.
#[cfg(unix)]
fn batch(folder: &Folder, images: usize) -> String {
    let bytes = (0..images).flat_map(|i| {
        std::iter::once((i % 10) as u8).chain(std::iter::repeat_n((i * 37) as u8, 3072))
    });
    folder.write("batch.bin", bytes.collect::<Vec<u8>>())
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_reports_its_results_and_resumes() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use crate::support::{command, finished};

    let folder = Folder::new();
    let data = batch(&folder, 1500);
    let save = folder.arg("predictions.csv");
    let run = [
        "eval", "--json", "--device", "cpu", "--data", &data, "--save", &save,
    ];
    let lines = || std::fs::read_to_string(&save).map_or(0, |text| text.lines().count());
    let mut child = command(&run);
    let child = child
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while lines() < 100 {
        assert!(began.elapsed() < Duration::from_secs(120));
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let output = finished(child.wait_with_output().unwrap());
    assert_eq!(output.code, 1, "{}", output.stderr);
    assert!(
        output.errors()[0].contains("the same command continues from here"),
        "{}",
        output.stderr
    );
    let found: Value = serde_json::from_str(&output.stdout).unwrap();
    let images = found["images"].as_u64().unwrap();
    assert_eq!(found["interrupted"], true);
    assert!((99..1500).contains(&images), "{images}");
    assert_eq!(lines() as u64, images + 1);
    let (code, all) = report(&run);
    assert_eq!(
        (code, &all["images"], &all["resumed"]),
        (0, &1500.into(), &images.into())
    );
}

#[cfg(unix)]
#[test]
fn a_full_disk_ends_a_run_with_its_results() {
    use crate::support::{command, finished};

    let folder = Folder::new();
    let data = batch(&folder, 300);
    let save = folder.arg("predictions.csv");
    let run = [
        "eval", "--json", "--device", "cpu", "--data", &data, "--save", &save,
    ];
    let resnet = command(&run);
    // The limit is four blocks of 1,024 or 512 bytes, which is less than 300 lines.
    let mut shell = command(&[]);
    let mut limited = std::process::Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$@\"", "sh"])
        .arg(resnet.get_program())
        .args(resnet.get_args())
        .envs(
            shell
                .env("RUST_BACKTRACE", "0")
                .get_envs()
                .filter_map(|(k, v)| Some((k, v?))),
        )
        .current_dir(root());
    let output = finished(limited.output().unwrap());
    assert_eq!(output.code, 1, "{}", output.stderr);
    assert!(
        output.errors()[0].contains("predictions.csv: cannot write it"),
        "{}",
        output.stderr
    );
    let found: Value = serde_json::from_str(&output.stdout).unwrap();
    assert!(found["images"].as_u64().unwrap() > 5, "{found}");
    // Once the disk has room, the run continues after the last whole line.
    let (code, all) = report(&run);
    assert_eq!((code, &all["images"]), (0, &300.into()));
    assert_eq!(all["resumed"], found["images"]);
}

#[test]
fn invalid_data_sets_are_named() {
    let folder = Folder::new();
    let error = resnet(&["eval", "--data", &folder.arg("missing")]).error(1);
    assert!(error.contains("no such path"), "{error}");
    let list = folder.write("list.csv", "a.png,unicorn\n");
    let error = resnet(&["eval", "--data", &list]).error(1);
    assert!(error.contains("unicorn"), "{error}");
    folder.write("val/cat/2.png", b"");
    let output = resnet(&["eval", "--json", "--data", &folder.arg("val")]);
    assert!(output.error(1).contains("2.png"));
}

#[test]
fn a_single_folder_is_no_set_of_classes() {
    let folder = Folder::new();
    folder.photo("chelsea.png", "val/holiday/1.png");
    let error = resnet(&["eval", "--data", &folder.arg("val")]).error(1);
    assert!(error.contains("found `holiday` alone"), "{error}");
    std::fs::create_dir(folder.path("empty")).unwrap();
    let error = resnet(&["eval", "--data", &folder.arg("empty")]).error(1);
    assert!(error.contains("one folder for each class"), "{error}");
    let list = folder.write("list.csv", "a.png,1,2\n");
    let error = resnet(&["eval", "--data", &list]).error(1);
    assert!(
        error.contains("line 1: expected path,label, found 3 fields"),
        "{error}"
    );
}

/// Folders that are not classes do not shift the labels of the class folders.
#[test]
fn other_folders_shift_no_labels() {
    let folder = Folder::new();
    let labels = folder.write("labels.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
    folder.photo("chelsea.png", "plain/x3/1.png");
    folder.photo("rocket.jpg", "plain/x8/2.jpg");
    folder.photo("chelsea.png", "more/x3/1.png");
    folder.photo("rocket.jpg", "more/x8/2.jpg");
    folder.photo("rocket.jpg", "more/__MACOSX/3.jpg");
    folder.photo("rocket.jpg", "more/.cache/4.jpg");
    folder.write("more/x1/notes.txt", "no image");
    let run = |data: &str| {
        let data = folder.arg(data);
        resnet(&[
            "eval", "--json", "--device", "cpu", "--labels", &labels, "--data", &data,
        ])
    };
    let classes = |output: crate::support::CommandOutput| {
        let found: Value = serde_json::from_str(&output.ok()).unwrap();
        let classes = found["classes"].as_array().unwrap().clone();
        let with_images = classes.into_iter().filter(|c| c["images"] != 0);
        with_images
            .map(|c| c["class"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let more = run("more");
    for named in ["left out: .cache, __MACOSX", "without images: x1"] {
        assert!(more.stderr.contains(named), "{}", more.stderr);
    }
    assert_eq!(classes(more), [0, 1]);
    assert_eq!(classes(run("plain")), [0, 1]);
    // The number of folders equals the number of classes, so folders without images are classes,
    // too.
    for (class, image) in (0..10).zip([true, false].into_iter().cycle()) {
        if image {
            folder.photo("chelsea.png", &format!("ten/y{class}/1.png"))
        } else {
            folder.write(&format!("ten/y{class}/notes.txt"), "")
        };
    }
    assert_eq!(classes(run("ten")), [0, 2, 4, 6, 8]);
}

/// Folder names that are numbers can be class indices or give an order. A note reports the
/// interpretation.
#[test]
fn class_folders_of_numbers_come_with_a_note() {
    let folder = Folder::new();
    for class in 0..10 {
        folder.photo("chelsea.png", &format!("indices/{class}/1.png"));
        folder.photo("chelsea.png", &format!("order/{}/1.png", class + 1));
    }
    for (data, says) in [
        ("indices", "interpreted as class indices"),
        ("order", "in the order of their names"),
    ] {
        let data = folder.arg(data);
        resnet(&["eval", "--device", "cpu", "--data", &data]).says(says);
    }
}
