//! Tests of `resnet embed` and `resnet similar`.

use safetensors::SafeTensors;
use serde_json::Value;

use crate::support::{Folder, keys, resnet};

fn photos(folder: &Folder) -> String {
    for (photo, name) in [
        ("chelsea.png", "photos/cat.png"),
        ("chelsea.png", "photos/same cat.png"),
        ("rocket.jpg", "photos/rocket.jpg"),
        ("coffee.png", "photos/more/coffee.png"),
    ] {
        folder.photo(photo, name);
    }
    folder.arg("photos")
}

/// Returns the tensor's shape and numbers, and the paths.
fn features(file: &str) -> (Vec<usize>, Vec<f32>, Vec<String>) {
    let bytes = std::fs::read(file).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let view = tensors.tensor("features").unwrap();
    let paths = String::from_utf8(tensors.tensor("paths").unwrap().data().to_vec()).unwrap();
    let paths = paths.split_terminator('\0').map(str::to_owned).collect();
    (
        view.shape().to_vec(),
        bytemuck::pod_collect_to_vec(view.data()),
        paths,
    )
}

#[test]
fn features_are_the_layers_and_have_their_paths() {
    let folder = Folder::new();
    let data = photos(&folder);
    let file = folder.arg("f.safetensors");
    let run = ["embed", &data, "--output", &file];
    let found: Value =
        serde_json::from_str(&resnet(&[&run, &["--json"][..]].concat()).ok()).unwrap();
    assert_eq!(
        keys(&found),
        [
            "output",
            "images",
            "failed",
            "errors",
            "shape",
            "layer",
            "model",
            "device",
            "images_per_second"
        ]
    );
    assert_eq!(
        (&found["images"], &found["layer"]),
        (&4.into(), &"avgpool".into())
    );
    let (shape, pooled, paths) = features(&file);
    assert_eq!(shape, [4, 64]);
    assert!(
        paths[0].ends_with("cat.png") && paths[3].ends_with("same cat.png"),
        "{paths:?}"
    );
    // The same picture gives the same features.
    assert_eq!(pooled[..64], pooled[3 * 64..]);

    // The pooled features are the means of the previous layer.
    resnet(&[&run, &["--layer", "layer3", "--batch-size", "3"][..]].concat()).ok();
    let (shape, layer, _) = features(&file);
    assert_eq!(shape, [4, 64, 8, 8]);
    for (mean, values) in pooled.iter().zip(layer.chunks_exact(64)) {
        let expected = values.iter().sum::<f32>() / 64.0;
        assert!((mean - expected).abs() < 1e-4 * expected.abs().max(1.0));
    }
    resnet(&[&run, &["--normalize", "--device", "cpu"][..]].concat()).ok();
    let (_, normal, _) = features(&file);
    for (row, own) in normal.chunks_exact(64).zip(pooled.chunks_exact(64)) {
        let length = own.iter().map(|v| v * v).sum::<f32>().sqrt();
        assert!((row.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-5);
        assert!(
            row.iter()
                .zip(own)
                .all(|(a, b)| (a - b / length).abs() < 1e-4)
        );
    }
}

#[test]
fn the_most_similar_come_first() {
    let folder = Folder::new();
    let data = photos(&folder);
    let file = folder.arg("f.safetensors");
    resnet(&["embed", &data, "--output", &file, "--normalize"]).ok();
    let run = ["similar", "photos/chelsea.png", "--features", &file];
    let lines = resnet(&[&run, &["--json", "-k", "3"][..]].concat()).ok();
    let found: Vec<Value> = lines
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(found.len(), 3);
    assert_eq!(keys(&found[0]), ["path", "similarity", "row"]);
    for same in &found[..2] {
        assert!(
            same["path"].as_str().unwrap().ends_with("cat.png"),
            "{same}"
        );
        assert!(
            (same["similarity"].as_f64().unwrap() - 1.0).abs() < 1e-5,
            "{same}"
        );
    }
    assert!(
        found[2]["similarity"].as_f64().unwrap() < 0.999,
        "{}",
        found[2]
    );
    let text = resnet(&run).ok();
    assert_eq!(text.lines().count(), 4);
    assert!(text.lines().next().unwrap().contains(" 1.0000  "), "{text}");

    let other = [&run, &["--mean", "0.5,0.5,0.5"][..]].concat();
    let error = resnet(&other).error(1);
    assert!(error.contains("give the model that made them"), "{error}");
    let weights = "weights/resnet20-cifar10.safetensors";
    let error = resnet(&["similar", "photos/chelsea.png", "--features", weights]).error(1);
    assert!(error.contains("no tensor `features`"), "{error}");
}

#[test]
fn broken_images_are_skipped_and_nothing_is_half_written() {
    let folder = Folder::new();
    let data = photos(&folder);
    folder.write("photos/broken.jpg", "no picture");
    let file = folder.arg("f.safetensors");
    let output = resnet(&["embed", &data, "--output", &file]);
    assert_eq!(output.code, 1);
    assert!(
        output.errors()[0].contains("broken.jpg"),
        "{}",
        output.stderr
    );
    assert!(output.stdout.contains("failed  1"), "{}", output.stdout);
    let (shape, _, paths) = features(&file);
    assert_eq!((shape[0], paths.len()), (4, 4));

    let before = std::fs::read(&file).unwrap();
    let only = folder.write("only/broken.jpg", "no picture");
    assert_eq!(resnet(&["embed", &only, "--output", &file]).code, 1);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let error = resnet(&["embed", &data, "--output", &file, "--layer", "layer9"]).error(2);
    assert!(error.contains("no layer `layer9`"), "{error}");
    let gone = folder.arg("no/folder/f.safetensors");
    assert!(
        resnet(&["embed", &data, "--output", &gone])
            .error(1)
            .contains("cannot be written")
    );
    let left = std::fs::read_dir(folder.path("")).unwrap();
    let left: Vec<_> = left.map(|f| f.unwrap().file_name()).collect();
    assert!(
        left.iter().all(|f| !f.to_str().unwrap().ends_with(".part")),
        "{left:?}"
    );
}
