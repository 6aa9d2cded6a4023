//! Tests of `resnet compare`.

// The types of the fixture.
use resnet_wgpu_bench::{
    Check, Clock, CooperativePeak, Device, Host, Limits, Memory, MissingFigure, Peaks, Power,
    Profile, Repetitions, Report, Roofline, Row, SCHEMA_VERSION, Scenario, Startup, Startups,
    Stats, Status, StepTime, Verification, Work,
};
use serde_json::Value;

use crate::support::{Folder, keys, resnet};

#[path = "../../../bench/src/fixture.rs"]
mod fixture;

use fixture::{failed, full, report, row, work};

/// Writes a result with one row of these times.
fn timed(folder: &Folder, name: &str, samples: &[f64]) -> String {
    write(
        folder,
        name,
        &report(vec![row(work("resnet50", 8), samples)]),
    )
}

fn write(folder: &Folder, name: &str, report: &Report) -> String {
    folder.write(name, report.to_json().unwrap())
}

#[test]
fn equal_work_is_compared() {
    let folder = Folder::new();
    let a = write(&folder, "a.json", &full());
    let mut other = full();
    other.devices[0].name = "Another GPU".into();
    let b = write(&folder, "b.json", &other);
    let text = resnet(&["compare", &a, &b, &a]).ok();
    assert!(
        text.starts_with(&format!("A: {a} (Some GPU 9000 (Vulkan), llvmpipe")),
        "{text}"
    );
    assert!(
        text.contains("device 1  Some GPU 9000  Another GPU  Some GPU 9000\n"),
        "{text}"
    );
    assert!(
        text.contains("FAILED in B: resnet152, batch 1, latency: error 3e-1"),
        "{text}"
    );
    assert!(
        text.contains("resnet50       8  throughput  48.00 ± 0.38    166.7  48.00"),
        "{text}"
    );

    let text = resnet(&["compare", "--format", "markdown", &a, &b]).ok();
    assert!(
        text.contains("\n| network | batch | scenario | A ms |"),
        "{text}"
    );

    let json: Value = serde_json::from_str(&resnet(&["compare", "--json", &a, &b]).ok()).unwrap();
    assert_eq!(keys(&json), ["files", "environment", "rows"]);
    assert_eq!(json["rows"][0]["measures"][1]["time_ratio"], 1.0);
    assert_eq!(json["rows"][3]["comparable"], false);
    assert_eq!(json["rows"][3]["measures"][1]["median_ms"], Value::Null);
}

#[test]
fn the_gate_fails_only_slower_rows() {
    let folder = Folder::new();
    let fast = timed(&folder, "fast.json", &[10.0, 10.1, 9.9]);
    let slow = timed(&folder, "slow.json", &[11.0, 11.1, 10.9]);
    let gate =
        |percent: &str, a: &str, b: &str| resnet(&["compare", "--fail-if-slower", percent, a, b]);
    gate("0", &slow, &fast).ok();
    gate("0", &fast, &fast).ok();
    gate("10.5", &fast, &slow).ok();
    let output = gate("5", &fast, &slow);
    // The table is printed despite the failure.
    assert!(output.stdout.contains("1.10× slower"), "{}", output.stdout);
    assert_eq!(
        (output.code, output.errors().len()),
        (1, 1),
        "{}",
        output.stderr
    );
    assert!(
        output
            .stderr
            .contains("found 1 row:\n  resnet50, batch 8: 10.0 % slower in "),
        "{}",
        output.stderr
    );
    for percent in ["-1", "inf", "NaN", "x", ""] {
        let error = gate(percent, &fast, &slow).error(2);
        assert!(error.contains("0 or above"), "{error}");
    }
}

#[test]
fn failed_rows_have_no_speed() {
    let folder = Folder::new();
    let good = timed(&folder, "good.json", &[10.0]);
    let bad = write(
        &folder,
        "bad.json",
        &report(vec![failed(work("resnet50", 8))]),
    );
    for files in [[&good, &bad], [&bad, &good]] {
        let text = resnet(&["compare", files[0], files[1]]).ok();
        assert!(text.contains("FAILED"), "{text}");
        assert!(
            !text.contains("faster") && !text.contains("slower"),
            "{text}"
        );
        let output = resnet(&["compare", "--fail-if-slower", "1000", files[0], files[1]]);
        assert_eq!(output.code, 1, "{}", output.stderr);
        assert!(
            output.stderr.contains("resnet50, batch 8: failed in "),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn other_work_is_refused() {
    let folder = Folder::new();
    let a = timed(&folder, "a.json", &[10.0]);
    let mut other = work("resnet50", 8);
    other.weights = "0123abcd".into();
    let b = write(&folder, "b.json", &report(vec![row(other, &[10.0])]));
    let error = resnet(&["compare", &a, &b]).error(1);
    for says in [
        "b.json: expected the work of",
        "weights seed 0 in",
        "0123abcd in",
        "resnet bench",
    ] {
        assert!(error.contains(says), "{error}");
    }
    let two = write(&folder, "two.json", &full());
    let error = resnet(&["compare", &a, &two]).error(1);
    assert!(error.contains("expected 1 device"), "{error}");
}

#[test]
fn files_that_are_no_results() {
    let folder = Folder::new();
    let good = timed(&folder, "good.json", &[10.0]);
    let text = std::fs::read_to_string(&good).unwrap();
    for (name, bytes, says) in [
        (
            "cut.json",
            text[..text.len() / 2].to_owned(),
            "was the file cut off",
        ),
        ("empty.json", String::new(), "line 1"),
        (
            "next.json",
            text.replace("\"schema_version\": 1", "\"schema_version\": 2"),
            "expected schema_version 1, which resnet",
        ),
        (
            "other.json",
            "{\"top1\": 0.9}".into(),
            "JSON of something else",
        ),
        (
            "typed.json",
            text.replace("\"batch_size\": 8", "\"batch_size\": \"8\""),
            "rows[0].work.batch_size: invalid type",
        ),
        (
            "edited.json",
            text.replace("\"median\": 10.0", "\"median\": 1.0"),
            "rows[0].end_to_end.median: expected a time from",
        ),
    ] {
        let bad = folder.write(name, bytes);
        for files in [[&good, &bad], [&bad, &good]] {
            let error = resnet(&["compare", files[0], files[1]]).error(1);
            assert!(error.contains(name) && error.contains(says), "{error}");
        }
    }
    let error = resnet(&["compare", &good, &folder.arg("missing.json")]).error(1);
    assert!(error.contains("missing.json: cannot be read"), "{error}");
    let error = resnet(&["compare", &good, "photos"]).error(1);
    assert!(error.contains("photos: expected a file"), "{error}");
}

#[test]
fn impossible_command_lines_are_rejected() {
    let help = resnet(&["compare", "--help"]).ok();
    assert!(
        help.contains("  resnet compare --fail-if-slower 5"),
        "{help}"
    );
    let folder = Folder::new();
    let a = timed(&folder, "a.json", &[10.0]);
    for (args, says) in [
        (&["compare"][..], "FILE"),
        (&["compare", &a], "2 values required"),
        (&["compare", &a, &a, "--format", "csv"], "table, markdown"),
        (
            &["compare", &a, &a, "--json", "--format", "table"],
            "cannot be used with",
        ),
        // The report must not overwrite a result.
        (&["compare", &a, &a, "--report", &a], "a file that is read"),
    ] {
        let error = resnet(args).error(2);
        assert!(error.contains(says), "{error}");
    }
    // The error is found before any file is read.
    for page in ["no/such/directory/page.html", "photos"] {
        let error = resnet(&["compare", "missing", "missing", "--report", page]).error(1);
        assert!(error.starts_with(&format!("error: {page}: ")), "{error}");
    }
}
