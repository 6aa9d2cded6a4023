//! `resnet classify`.

use crate::support::{Folder, command, finished, json_lines, keys, resnet, root, without_adapter};

const CAT: &str = "photos/chelsea.png";

/// The README's first command.
#[test]
fn a_photo_has_five_likeliest_classes() {
    let ran = resnet(&["classify", CAT]);
    assert_eq!(ran.notes().len(), 1, "{}", ran.stderr);
    assert!(ran.notes()[0].contains("ten classes"), "{}", ran.stderr);
    assert!(ran.notes()[0].contains("--weights"), "{}", ran.stderr);
    let stdout = ran.ok();
    let lines: Vec<_> = stdout.lines().collect();
    assert_eq!(lines.len(), 6, "{stdout}");
    assert_eq!(lines[0], CAT);
    assert!(lines[1].contains(" %  cat"), "{stdout}");
}

/// As it is installed: the program by itself, in a folder with nothing of this
/// repository.
#[test]
fn it_works_from_any_folder() {
    let folder = Folder::new();
    let copied = folder.path("program");
    std::fs::copy(env!("CARGO_BIN_EXE_resnet"), &copied).unwrap();
    std::fs::create_dir(folder.path("photos")).unwrap();
    std::fs::copy(root().join(CAT), folder.path("photos/cat.png")).unwrap();
    let run = |args: &[&str]| {
        let here = command(&[]);
        let mut installed = std::process::Command::new(&copied);
        installed.args(args).current_dir(folder.path("."));
        installed.envs(here.get_envs().filter_map(|(k, v)| Some((k, v?))));
        finished(installed.output().unwrap()).ok()
    };
    assert!(run(&["classify", "photos"]).contains(" %  cat"));
    assert!(run(&["summary"]).contains("resnet20"));
    run(&["explain", "photos/cat.png", "--output", "overlay.png"]);
    run(&["embed", "photos", "--output", "features.safetensors"]);
    for made in ["overlay.png", "features.safetensors"] {
        assert!(folder.path(made).exists(), "{made}");
    }
}

#[test]
fn json_is_one_object_a_line() {
    let ran = resnet(&[
        "classify",
        "--json",
        "-k",
        "3",
        CAT,
        "photos/rocket.jpg",
        CAT,
    ]);
    let lines = json_lines(&ran.ok());
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], lines[2]);
    assert_eq!(lines[1]["path"], "photos/rocket.jpg");
    assert_eq!(lines[1]["top"][0]["label"], "ship");
    for line in &lines {
        assert_eq!(keys(line), ["path", "model", "device", "top"]);
        assert_eq!(line["model"], "resnet20");
        let top = line["top"].as_array().unwrap();
        assert_eq!(top.len(), 3);
        let mut before = f64::INFINITY;
        for class in top {
            assert_eq!(keys(class), ["class", "label", "probability", "logit"]);
            assert!(class["class"].as_u64().unwrap() < 10);
            let logit = class["logit"].as_f64().unwrap();
            assert!(logit <= before);
            before = logit;
            assert!((0.0..=1.0).contains(&class["probability"].as_f64().unwrap()));
        }
    }
}

#[test]
fn the_cpu_agrees_with_the_gpu() {
    let top = |device| {
        let ran = resnet(&[
            "classify", "--json", "-k", "10", "--device", device, "photos",
        ]);
        json_lines(&ran.ok())
    };
    let (gpu, cpu) = (top("auto"), top("cpu"));
    assert_eq!((gpu.len(), cpu.len()), (5, 5));
    for (gpu, cpu) in gpu.iter().zip(&cpu) {
        assert_eq!(cpu["device"], "cpu");
        assert_ne!(gpu["device"], "cpu");
        assert_eq!(gpu["path"], cpu["path"]);
        for (a, b) in gpu["top"]
            .as_array()
            .unwrap()
            .iter()
            .zip(cpu["top"].as_array().unwrap())
        {
            assert_eq!(a["class"], b["class"]);
            let (a, b) = (a["logit"].as_f64().unwrap(), b["logit"].as_f64().unwrap());
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
    }
}

#[test]
fn without_an_adapter_the_cpu_computes_and_says_so_once() {
    let ran = without_adapter(&["classify", "--json", CAT]);
    let fallback = ran
        .notes()
        .into_iter()
        .filter(|n| n.contains("no GPU driver"));
    let fallback: Vec<_> = fallback.map(str::to_owned).collect();
    assert_eq!(fallback.len(), 1, "{}", ran.stderr);
    assert!(
        fallback[0].contains("apt-get install mesa-vulkan-drivers"),
        "{}",
        fallback[0]
    );
    assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.stderr);
    assert_eq!(json_lines(&ran.ok())[0]["device"], "cpu");
    // Who asks for the CPU is told nothing about drivers.
    let ran = without_adapter(&["classify", "--device", "cpu", CAT]);
    assert!(!ran.stderr.contains("driver"), "{}", ran.stderr);
    ran.ok();
    // Who asks for a GPU gets none.
    let error = without_adapter(&["classify", "--device", "0", CAT]).error(1);
    assert!(error.contains("no GPU driver"), "{error}");
}

#[test]
fn one_broken_file_does_not_stop_the_others() {
    let folder = Folder::new();
    folder.photo("chelsea.png", "a/cat.PNG");
    folder.write("a/b/broken.png", b"\x89PNG\r\n\x1a\nand no more");
    folder.write("a/empty.jpg", b"");
    folder.write("a/notes.txt", b"no image");
    folder.write("a/.hidden.png", b"");
    folder.photo("rocket.jpg", "a/rocket.jpg");
    let missing = folder.arg("missing.png");
    for batch in ["1", "2", "8"] {
        let args = [
            "classify",
            "--json",
            "--batch-size",
            batch,
            &folder.arg("a"),
            &missing,
        ];
        let ran = resnet(&args);
        assert_eq!(ran.code, 1);
        let labels = json_lines(&ran.stdout)
            .into_iter()
            .map(|l| l["top"][0]["label"].clone());
        assert_eq!(labels.collect::<Vec<_>>(), ["cat", "ship"]);
        assert_eq!(ran.errors().len(), 3, "{}", ran.stderr);
        for name in ["broken.png", "empty.jpg", "missing.png"] {
            assert!(
                ran.errors().iter().any(|e| e.contains(name)),
                "{}",
                ran.stderr
            );
        }
    }
}

#[test]
fn a_directory_without_images_is_named() {
    let folder = Folder::new();
    folder.write("texts/a.txt", b"no image");
    let error = resnet(&["classify", &folder.arg("texts")]).error(1);
    assert!(error.contains("texts: expected images"), "{error}");
}

#[test]
fn an_image_of_one_pixel_has_classes_too() {
    let folder = Folder::new();
    let path = folder.path("pixel.png");
    image::RgbImage::from_pixel(1, 1, image::Rgb([9, 99, 200]))
        .save(path)
        .unwrap();
    for device in ["auto", "cpu"] {
        let args = [
            "classify",
            "--json",
            "--device",
            device,
            &folder.arg("pixel.png"),
        ];
        assert_eq!(
            json_lines(&resnet(&args).ok())[0]["top"]
                .as_array()
                .unwrap()
                .len(),
            5
        );
    }
}

#[test]
fn labels_and_image_flags_are_taken() {
    let folder = Folder::new();
    let labels = folder.write("labels.txt", "A\nB\nC\nD\nE\nF\nG\nH\nI\nJ\n");
    let plain = [
        "classify", "--json", "--device", "cpu", "--labels", &labels, CAT,
    ];
    let plain = json_lines(&resnet(&plain).ok());
    assert_eq!(plain[0]["top"][0]["label"], "D");
    let args = [
        "classify",
        "--json",
        "--device",
        "cpu",
        "--labels",
        &labels,
        CAT,
        "--input-size",
        "40",
        "--resize",
        "48",
        "--mean",
        "-.1,0,.1",
        "--std",
        "1,1,1",
        "--interpolation",
        "bicubic",
    ];
    let other = json_lines(&resnet(&args).ok());
    assert_ne!(plain[0]["top"][0]["logit"], other[0]["top"][0]["logit"]);
}
