//! Tests of invalid command lines: exit code 2, and a message with the expectation.

use crate::support::{Folder, resnet};

#[test]
fn invalid_values_are_rejected() {
    for (args, says) in [
        (
            &["classify", "x.png", "--model", "resnet51"][..],
            "such as resnet50",
        ),
        (&["classify", "x.png", "--precision", "f64"], "expected f32"),
        (
            &["classify", "x.png", "--mean", ".5,.5"],
            "expected three numbers",
        ),
        (&["classify", "x.png", "--std", "1,0,1"], "above 0"),
        (
            &["classify", "x.png", "--crop-pct", "7"],
            "expected a fraction",
        ),
        (
            &["classify", "x.png", "--interpolation", "lanczos"],
            "bilinear or bicubic",
        ),
        (&["classify", "x.png", "--batch-size", "0"], "1..=4096"),
        (&["classify", "x.png", "--input-size", "9000"], "1..=8192"),
        (&["classify", "x.png", "-k", "0"], "'-k <N>'"),
        (&["summary", "--zero-channels", "before"], "expected half"),
        (&["summary", "--eps", "-1"], "'--eps <X>'"),
        (
            &["summary", "--zero-channels", "after"],
            "--weights or --model",
        ),
        (
            &["summary", "--model", "resnet18", "--zero-channels", "after"],
            "option A",
        ),
        (&["summary", "--json", "--dot"], "cannot be used with"),
        (
            &["verify", "--kernels", "--model", "resnet18"],
            "cannot be used with",
        ),
        (&["verify", "--seed", "1"], "--kernels"),
        (&["classify"], "required"),
        (&["eval"], "--data"),
        (&["frobnicate"], "frobnicate"),
    ] {
        let output = resnet(args);
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{args:?}");
        assert!(output.stderr.contains(says), "{args:?}: {}", output.stderr);
    }
}

#[test]
fn presets_without_weights_classify_nothing() {
    let folder = Folder::new();
    let (input, output) = (folder.arg("in"), folder.arg("out"));
    for args in [
        &["classify", "photos/chelsea.png"][..],
        &["eval", "--data", "photos"],
        &["run", "--input", &input, "--output", &output],
    ] {
        let error = resnet(&[args, &["--model", "resnet50"]].concat()).error(2);
        assert!(
            error.contains("--weights") && error.contains("huggingface.co"),
            "{error}"
        );
    }
}

#[test]
fn unknown_devices() {
    for device in ["99", "no such device"] {
        let error = resnet(&["classify", "--device", device, "photos/chelsea.png"]).error(2);
        assert!(error.contains(&format!("no device `{device}`")), "{error}");
        assert!(error.contains("resnet devices"), "{error}");
    }
}

#[test]
fn help_is_the_documentation() {
    let version = resnet(&["--version"]).ok();
    assert_eq!(version, format!("resnet {}\n", env!("CARGO_PKG_VERSION")));
    for command in ["classify", "eval", "run", "summary", "verify", "devices"] {
        let help = resnet(&[command, "--help"]).ok();
        assert!(help.contains(&format!("Usage: resnet {command}")), "{help}");
        if command != "devices" {
            assert!(help.contains("resnext101-64x4d"), "{help}");
            assert!(help.contains(&format!("  resnet {command}")), "{help}");
        }
    }
    // Without a command, the program lists its commands.
    let output = resnet(&[]);
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("Usage: resnet"), "{}", output.stderr);
}
