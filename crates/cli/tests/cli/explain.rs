//! Tests of `resnet explain`.

use safetensors::SafeTensors;
use serde_json::Value;

use crate::support::{Folder, keys, resnet, root};

const CHELSEA: &str = "photos/chelsea.png";

#[test]
fn an_overlay_is_the_picture_in_other_colours() {
    let folder = Folder::new();
    let overlay = folder.arg("overlay.png");
    let stdout = resnet(&["explain", CHELSEA, "--output", &overlay]).ok();
    assert!(
        stdout.contains("cat") && stdout.contains("logit"),
        "{stdout}"
    );
    let photo = image::open(root().join(CHELSEA)).unwrap().into_rgb8();
    let painted = image::open(&overlay).unwrap().into_rgb8();
    assert_eq!(painted.dimensions(), photo.dimensions());
    // The crop covers 300 of 451 columns. The area outside the crop is dimmed.
    for (x, y) in [(0, 0), (70, 150), (440, 299)] {
        let (a, b) = (photo.get_pixel(x, y).0, painted.get_pixel(x, y).0);
        assert!((0..3).all(|i| b[i] <= a[i] / 3), "{a:?} {b:?}");
    }
    let jpeg = folder.arg("overlay.jpg");
    resnet(&["explain", CHELSEA, "--top-k", "3", "--output", &jpeg]).ok();
    let three = image::open(&jpeg).unwrap();
    assert!(three.width() > 3 * photo.width() && three.height() > photo.height());
}

#[test]
fn maps_are_exact_and_named() {
    let folder = Folder::new();
    let file = folder.arg("map.safetensors");
    let args = [
        "explain", CHELSEA, "--top-k", "10", "--map", &file, "--json",
    ];
    let found: Value = serde_json::from_str(&resnet(&args).ok()).unwrap();
    assert_eq!(
        keys(&found),
        [
            "path", "model", "device", "labels", "region", "rows", "columns", "classes"
        ]
    );
    assert_eq!((&found["rows"], &found["columns"]), (&8.into(), &8.into()));
    let bytes = std::fs::read(&file).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let floats = |name: &str| -> Vec<f32> {
        bytemuck::pod_collect_to_vec(tensors.tensor(name).unwrap().data())
    };
    assert_eq!(tensors.tensor("map").unwrap().shape(), [10, 8, 8]);
    let (map, logits, bias) = (floats("map"), floats("logits"), floats("bias"));
    for (class, values) in map.chunks_exact(64).enumerate() {
        let mean = values.iter().sum::<f32>() / 64.0;
        assert!((mean + bias[class] - logits[class]).abs() < 1e-3);
        let json = found["classes"][class]["logit"].as_f64().unwrap();
        assert!((json - f64::from(logits[class])).abs() < 1e-4);
    }
}

#[test]
fn classes_are_found_by_name_index_and_a_part_of_the_name() {
    for name in ["3", "cat", "Cat", "ca"] {
        let args = ["explain", CHELSEA, "--class", name, "--json"];
        let found: Value = serde_json::from_str(&resnet(&args).ok()).unwrap();
        assert_eq!(found["classes"][0]["label"], "cat", "{name}");
    }
    for (name, says) in [
        ("unicorn", "found \"unicorn\""),
        ("10", "0 to 9"),
        ("r", "similar names are airplane"),
    ] {
        let error = resnet(&["explain", CHELSEA, "--class", name]).error(2);
        assert!(error.contains(says), "{error}");
    }
}

/// Writes the embedded network with its first seven classes and without class names.
fn seven_classes(folder: &Folder) -> String {
    use safetensors::tensor::TensorView;

    let bytes = std::fs::read(root().join("weights/resnet20-cifar10.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let views = tensors.tensors().into_iter().map(|(name, view)| {
        let mut shape = view.shape().to_vec();
        let mut data = view.data();
        if shape[0] == 10 {
            shape[0] = 7;
            data = &data[..data.len() / 10 * 7];
        }
        (name, TensorView::new(view.dtype(), shape, data).unwrap())
    });
    let file = safetensors::serialize(views, None).unwrap();
    folder.write("seven.safetensors", file)
}

#[test]
fn classes_need_no_names() {
    let folder = Folder::new();
    let weights = seven_classes(&folder);
    let args = ["explain", CHELSEA, "--weights", &weights, "--json"];
    let found: Value = serde_json::from_str(&resnet(&args).ok()).unwrap();
    assert_eq!(found["classes"][0]["label"], "class 3");
    let args = ["explain", CHELSEA, "--weights", &weights, "--class", "6"];
    assert!(resnet(&args).ok().contains("class 6"));
}

#[test]
fn unexplainable_networks_are_rejected() {
    let folder = Folder::new();
    let error = resnet(&["explain", CHELSEA, "--output", "overlay.gif"]).error(2);
    assert!(error.contains(".png or .jpg"), "{error}");
    let photo = folder.photo("chelsea.png", "photo.png");
    let error = resnet(&["explain", &photo, "--output", &photo]).error(2);
    assert!(error.contains("a file that is read"), "{error}");
    let same = folder.arg("same.png");
    for other in [same.clone(), folder.arg("./same.png")] {
        let error = resnet(&["explain", &photo, "--output", &same, "--map", &other]).error(2);
        assert!(error.contains("two files"), "{error}");
    }
    let error = resnet(&["explain", &folder.arg("none.png")]).error(1);
    assert!(error.contains("none.png"), "{error}");
    let broken = folder.write("broken.png", "no picture");
    let error = resnet(&["explain", &broken, "--output", &folder.arg("o.png")]).error(1);
    assert!(error.contains("broken.png"), "{error}");
    assert!(!folder.path("o.png").exists());
}

/// Shows the picture itself in a terminal. `script` gives the command a terminal.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_the_picture() {
    use crate::support::{command, finished};

    let resnet = command(&[]).get_program().to_str().unwrap().to_owned();
    let shown = |term: &str| {
        let mut script = std::process::Command::new("script");
        script
            .args([
                "-qec",
                &format!("{resnet} explain {CHELSEA} --device cpu"),
                "/dev/null",
            ])
            .current_dir(root())
            .env("TERM", term)
            .env("COLORTERM", "truecolor")
            .env_remove("NO_COLOR")
            .stdin(std::process::Stdio::null());
        finished(script.output().unwrap()).ok()
    };
    let picture = shown("xterm-256color");
    assert!(picture.contains('▄') || picture.contains('▀'), "{picture}");
    assert!(picture.contains("\u{1b}[38;2;"), "{picture}");
    assert!(!shown("dumb").contains('\u{1b}'));
}
