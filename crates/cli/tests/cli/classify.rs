//! Tests of `resnet classify`.

use resnet_wgpu::Network;
use safetensors::tensor::{Dtype, TensorView};

use crate::support::{Folder, command, finished, json_lines, keys, resnet, root, without_adapter};

const CAT: &str = "photos/chelsea.png";

/// Runs the README's first command.
#[test]
fn a_photo_has_five_likeliest_classes() {
    let output = resnet(&["classify", CAT]);
    assert_eq!(output.notes().len(), 1, "{}", output.stderr);
    assert!(
        output.notes()[0].contains("ten classes"),
        "{}",
        output.stderr
    );
    assert!(output.notes()[0].contains("--weights"), "{}", output.stderr);
    let stdout = output.ok();
    let lines: Vec<_> = stdout.lines().collect();
    assert_eq!(lines.len(), 6, "{stdout}");
    assert_eq!(lines[0], CAT);
    assert!(lines[1].contains(" %  cat"), "{stdout}");
}

/// Runs the installed program alone, in a folder without files of this repository.
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
    let output = resnet(&[
        "classify",
        "--json",
        "-k",
        "3",
        CAT,
        "photos/rocket.jpg",
        CAT,
    ]);
    let lines = json_lines(&output.ok());
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], lines[2]);
    assert_eq!(lines[1]["path"], "photos/rocket.jpg");
    assert_eq!(lines[1]["top"][0]["label"], "ship");
    for line in &lines {
        assert_eq!(keys(line), ["path", "model", "device", "labels", "top"]);
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
        let output = resnet(&[
            "classify", "--json", "-k", "10", "--device", device, "photos",
        ]);
        json_lines(&output.ok())
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
    let output = without_adapter(&["classify", "--json", CAT]);
    let fallback = output
        .notes()
        .into_iter()
        .filter(|n| n.contains("no GPU driver"));
    let fallback: Vec<_> = fallback.map(str::to_owned).collect();
    assert_eq!(fallback.len(), 1, "{}", output.stderr);
    assert!(
        fallback[0].contains("apt-get install mesa-vulkan-drivers"),
        "{}",
        fallback[0]
    );
    assert_eq!(output.stderr.lines().count(), 2, "{}", output.stderr);
    assert_eq!(json_lines(&output.ok())[0]["device"], "cpu");
    // A request for the CPU causes no message about drivers.
    let output = without_adapter(&["classify", "--device", "cpu", CAT]);
    assert!(!output.stderr.contains("driver"), "{}", output.stderr);
    output.ok();
    // A request for a GPU fails without an adapter.
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
        let output = resnet(&args);
        assert_eq!(output.code, 1);
        let lines = json_lines(&output.stdout);
        let (right, wrong): (Vec<_>, Vec<_>) =
            lines.iter().partition(|line| line["error"].is_null());
        let labels = right.iter().map(|line| &line["top"][0]["label"]);
        assert_eq!(labels.collect::<Vec<_>>(), ["cat", "ship"]);
        let kind = |name: &str| {
            let ends = |line: &&&serde_json::Value| line["path"].as_str().unwrap().ends_with(name);
            let line = wrong.iter().find(ends).unwrap();
            assert_eq!(keys(line), ["path", "error"]);
            assert!(line["error"]["message"].as_str().unwrap().contains(name));
            line["error"]["kind"].clone()
        };
        assert_eq!(wrong.len(), 3);
        assert_eq!(kind("broken.png"), "image");
        assert_eq!(kind("empty.jpg"), "image");
        assert_eq!(kind("missing.png"), "io");
        let last = output.stderr.lines().last().unwrap();
        let counted = "note: 2 of 5 read; left out: 1 damaged PNG, 1 empty, 1 missing";
        assert_eq!(last, counted);
        assert_eq!(output.errors().len(), 3, "{}", output.stderr);
        for name in ["broken.png", "empty.jpg", "missing.png"] {
            assert!(
                output.errors().iter().any(|e| e.contains(name)),
                "{}",
                output.stderr
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
fn labels_and_image_flags_are_accepted() {
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

/// Every file that looks like a picture is either read or named with a reason.
#[test]
fn skipped_images_are_always_reported() {
    let folder = Folder::new();
    folder.photo("chelsea.png", "a/1.png");
    folder.photo("rocket.jpg", "a/2.jfif");
    folder.photo("rocket.jpg", "a/3.JPE");
    folder.photo("grace_hopper.jpg", "a/4");
    let ftyp = |brand: &str| format!("\0\0\0\x18ftyp{brand}\0\0\0\0mif1");
    folder.write("a/5.HEIC", ftyp("heic"));
    folder.write("a/6.heif", ftyp("mif1"));
    folder.write("a/7.avif", ftyp("avif"));
    folder.write("a/8", ftyp("heix"));
    folder.write("a/9.ppm", "P6 1 1 255\n\0\0\0");
    folder.write("a/10.tga", [0; 40]);
    // These files are not pictures.
    folder.write("a/notes.txt", "P3 is a road");
    folder.write("a/film.mp4", "\0\0\0\x18ftypisom\0\0\0\0mp42");
    folder.write("a/__MACOSX/11.png", "");
    let output = resnet(&["classify", "--json", &folder.arg("a")]);
    assert_eq!(output.code, 1);
    let lines = json_lines(&output.stdout);
    let read = lines.iter().filter(|line| line["error"].is_null());
    assert_eq!((lines.len(), read.count()), (10, 4));
    for (name, says) in [
        ("5.HEIC", "HEIC is not supported; convert"),
        ("6.heif", "HEIC is not supported"),
        ("7.avif", "AVIF is not supported"),
        ("/8", "HEIC is not supported"),
        ("9.ppm", "PNM is not supported"),
        ("10.tga", "expected a PNG, JPEG"),
    ] {
        let ends = |line: &&serde_json::Value| line["path"].as_str().unwrap().ends_with(name);
        let line = lines.iter().find(ends).unwrap();
        assert_eq!(line["error"]["kind"], "image", "{name}");
        let message = line["error"]["message"].as_str().unwrap();
        assert!(message.contains(says), "{message}");
        assert!(output.errors().iter().any(|error| error.contains(says)));
    }
    let last = "note: 4 of 10 read; left out: 1 AVIF, 3 HEIC, 1 PNM, 1 no image";
    assert_eq!(output.stderr.lines().last(), Some(last));
    // The other commands that read photos print this note as well.
    let features = folder.arg("features.safetensors");
    let output = resnet(&["embed", "--json", &folder.arg("a"), "--output", &features]);
    assert_eq!(output.code, 1);
    assert_eq!(output.stderr.lines().last(), Some(last));
    let report = &json_lines(&output.stdout)[0];
    assert_eq!(
        (&report["images"], &report["failed"]),
        (&4.into(), &6.into())
    );
    assert_eq!(report["errors"].as_array().unwrap().len(), 6);
    assert_eq!(report["errors"][0]["kind"], "image");
    let output = resnet(&["explain", "--json", &folder.arg("a/5.HEIC")]);
    assert_eq!((output.code, output.errors().len()), (1, 1));
    assert_eq!(json_lines(&output.stdout)[0]["error"]["kind"], "image");
}

/// Class names come from the file. Guessed names are marked as a guess.
#[test]
fn assumed_labels_are_said_to_be_assumed() {
    let folder = Folder::new();
    let model = |preset: &str, classes: usize| {
        let mut network = Network::preset(preset).unwrap();
        network.classes = classes;
        let size = network.native_size();
        let graph = network.graph(size, size).unwrap();
        let params = network.synthetic_params(&graph, 0);
        let tensors = params.iter().map(|(name, tensor)| {
            let tensor = tensor.get().unwrap();
            (
                network.checkpoint_name(name),
                tensor.shape().to_vec(),
                tensor.data().to_vec(),
            )
        });
        let tensors: Vec<_> = tensors.collect();
        let bytes = tensors.iter().map(|(name, shape, data)| {
            let bytes: Vec<u8> = data.iter().flat_map(|x| x.to_le_bytes()).collect();
            (name.clone(), shape.clone(), bytes)
        });
        let bytes: Vec<_> = bytes.collect();
        let views = bytes.iter().map(|(name, shape, bytes)| {
            (
                name,
                TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap(),
            )
        });
        let name = format!("{preset}-{classes}.safetensors");
        folder.write(&name, safetensors::serialize(views, None).unwrap())
    };
    for (preset, classes, labels) in [
        ("resnet20", 10, "assumed"),
        ("resnet20", 1000, "indices"),
        ("resnet18", 1000, "assumed"),
        ("resnet18", 10, "indices"),
        ("resnet18", 7, "indices"),
    ] {
        let file = model(preset, classes);
        let args = [
            "classify",
            "--json",
            "--device",
            "cpu",
            "--input-size",
            "32",
            "--weights",
            &file,
        ];
        let output = resnet(&[&args[..], &[CAT]].concat());
        let assumed = output.notes().iter().any(|note| note.contains("assumed"));
        assert_eq!(
            assumed,
            labels == "assumed",
            "{preset} {classes}: {}",
            output.stderr
        );
        let line = &json_lines(&output.ok())[0];
        assert_eq!(line["labels"], labels, "{preset} {classes}");
        let first = &line["top"][0];
        let index = format!("class {}", first["class"]);
        assert_eq!(first["label"] == index, labels == "indices", "{first}");
        let summary = resnet(&["summary", "--json", "--weights", &file]).ok();
        let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
        assert_eq!(summary["labels"], labels);
    }
}
