//! Tests of `resnet tune`, and of commands that use its results.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{CommandOutput, Folder, command, finished, resnet};

/// The arguments of a tuning that is small enough to take seconds.
const QUICK: [&str; 6] = [
    "tune",
    "resnet20",
    "--input-size",
    "8",
    "--duration",
    "0.005",
];

/// Runs the binary with `cache` as its cache folder.
fn with_cache(cache: &str, args: &[&str]) -> CommandOutput {
    let mut command = command(args);
    finished(command.env("RESNET_CACHE_DIR", cache).output().unwrap())
}

/// Returns the only tuning in a folder, which may also contain compiled pipelines.
fn only_file(folder: &Folder, name: &str) -> PathBuf {
    let files = std::fs::read_dir(folder.path(name)).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let tuning = |path: &PathBuf| path.to_str().unwrap().contains("tuning");
    let files: Vec<PathBuf> = files.filter(tuning).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

/// Tunes, exports, imports into another cache, and uses the tuning. A stale or damaged tuning is
/// skipped.
#[test]
fn tunings_are_stored_and_used() {
    let folder = Folder::new();
    let (here, there) = (folder.arg("made/here"), folder.arg("there"));
    let output = with_cache(&here, &QUICK);
    assert_eq!(output.stderr, "");
    let text = output.ok();
    for has in [
        "by the rules",
        "3×3 3→16, 8×8, relu, batch 1",
        "conv1",
        "as tuned",
    ] {
        assert!(text.contains(has), "{text}");
    }
    let stored = only_file(&folder, "made/here");

    // Measuring again for two images adds to the tuning.
    let found = with_cache(
        &here,
        &[&QUICK[..], &["--batch-size", "2", "--json"]].concat(),
    )
    .ok();
    let found: Value = serde_json::from_str(&found).unwrap();
    let shapes = found["shapes"].as_array().unwrap();
    assert!(found["tuned_ms"].as_f64().unwrap() > 0.0);
    for shape in shapes {
        assert_eq!(shape["batch"], 2);
        let names = shape["candidates"].as_array().unwrap();
        assert!(
            names.iter().any(|c| c["candidate"] == shape["winner"]),
            "{shape}"
        );
    }
    let text = std::fs::read_to_string(&stored).unwrap();
    let kept: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(kept["shapes"].as_array().unwrap().len(), 2 * shapes.len());

    let file = folder.arg("shipped.json");
    with_cache(&here, &["tune", "--export", &file]).ok();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    with_cache(&there, &["tune", "--import", &file]).ok();
    assert_eq!(
        std::fs::read_to_string(only_file(&folder, "there")).unwrap(),
        text
    );

    let plan = [
        "summary",
        "--plan",
        "--model",
        "resnet20",
        "--input-size",
        "8",
    ];
    let output = with_cache(&there, &plan);
    assert!(
        output.notes()[0].contains("using the tuning"),
        "{}",
        output.stderr
    );
    let off = with_cache(&there, &[&plan[..], &["--tuning", "off"]].concat());
    assert_eq!(off.stderr, "");
    let named = [&plan[..], &["--tuning", &file]].concat();
    assert_eq!(with_cache(&folder.arg("none"), &named).ok(), output.ok());

    let driver = kept["origin"]["driver_info"].as_str().unwrap();
    let older = text.replacen(driver, "older", 1);
    for (damaged, says) in [
        (older.as_str(), "`older`"),
        (&text[..text.len() / 2], "EOF"),
    ] {
        std::fs::write(&file, damaged).unwrap();
        let output = with_cache(&there, &named);
        let notes = output.notes();
        assert_eq!(notes.len(), 1, "{}", output.stderr);
        assert!(
            notes[0].contains("is skipped") && notes[0].contains(says),
            "{notes:?}"
        );
        output.ok();
        // The damaged file is not imported, and the existing tuning stays.
        let error = with_cache(&there, &["tune", "--import", &file]).error(1);
        assert!(error.contains(says), "{error}");
    }
    assert_eq!(
        std::fs::read_to_string(only_file(&folder, "there")).unwrap(),
        text
    );
}

#[test]
fn every_candidate_of_a_layer() {
    let args = [
        "profile",
        "resnet20",
        "--candidates",
        "--layer",
        "layer1.0.conv2",
    ];
    let args = [&args[..], &["--input-size", "8", "--duration", "0.01"]].concat();
    let text = resnet(&args).ok();
    assert_eq!(text.matches("<--").count(), 1, "{text}");
    assert!(text.contains("3×3 16→16"), "{text}");

    // The chosen candidate is marked, even if another is faster.
    let forced = [&args[..], &["--kernel", "conv.tiled.32x32", "--json"]].concat();
    let found: Value = serde_json::from_str(&resnet(&forced).ok()).unwrap();
    let shape = &found["shapes"][0];
    assert_eq!(shape["chosen"], "conv.tiled.32x32");
    for candidate in shape["candidates"].as_array().unwrap() {
        assert!(candidate["ms"].as_f64().unwrap() > 0.0, "{candidate}");
    }
}

#[test]
fn one_kernel_can_be_forced() {
    let args = [
        "verify",
        "--model",
        "resnet20",
        "--input-size",
        "8",
        "--json",
    ];
    let args = [&args[..], &["--kernel", "conv.tiled.32x32"]].concat();
    let found: Value = serde_json::from_str(&resnet(&args).ok()).unwrap();
    let layers = found["layers"].as_array().unwrap();
    let of = |kernel: &str| layers.iter().filter(|l| l["kernel"] == kernel).count();
    assert_eq!(of("conv.tiled.32x32"), 19);
}

#[test]
fn untunable_networks_give_a_reason() {
    let folder = Folder::new();
    let file = folder.write("file", "{}");
    let below = format!("{file}/below");
    for (args, code, says) in [
        (&["tune", "resnet51"][..], 2, "such as resnet50"),
        (&["tune", "--device", "cpu"], 2, "expected a GPU"),
        (
            &["tune", "--output", "/no/such/folder/x"],
            1,
            "cannot be written",
        ),
        (&["tune", "--export", &file], 1, "nothing is tuned yet"),
        (&["tune", "--import", &file], 1, "expected a tuning"),
        (&["tune", "--import", "/no/such/file"], 1, "cannot be read"),
        (
            &["tune", "--import", &file, "--json"],
            2,
            "cannot be used with",
        ),
        (
            &["tune", "resnet18", "--export", &file],
            2,
            "cannot be used with",
        ),
        (&["summary", "--tuning", "/no/such/file"], 2, "no such file"),
        (&["summary", "--kernel", "linear"], 2, "conv.tiled.32x32"),
        (
            &["summary", "--kernel", "conv.tiled.32x32", "--tuning", "off"],
            2,
            "cannot be used with",
        ),
        (&["profile", "--layer", "conv1"], 2, "--candidates"),
        (
            &["profile", "resnet20", "--candidates", "--layer", "fc"],
            2,
            "such as conv1",
        ),
    ] {
        let error = with_cache(&folder.arg("empty"), args).error(code);
        assert!(error.contains(says), "{args:?}: {error}");
    }
    // A cache folder that cannot be created is reported before the work begins.
    let error = with_cache(&below, &["tune", "resnet20"]).error(1);
    assert!(error.contains("RESNET_CACHE_DIR"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{}");
}
