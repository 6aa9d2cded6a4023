//! Tests of reading and writing results.

use serde_json::{Value, json};

use super::*;
use crate::fixture;

fn value() -> Value {
    serde_json::to_value(fixture::full()).unwrap()
}

#[track_caller]
fn error_for(text: &str) -> String {
    Report::from_json(text).unwrap_err().to_string()
}

#[test]
fn written_results_are_read() {
    for report in [fixture::full(), fixture::report(vec![])] {
        let text = report.to_json().unwrap();
        assert_eq!(Report::from_json(&text).unwrap(), report);
        assert_eq!(
            Report::from_json(&format!("\u{feff}{text}")).unwrap(),
            report
        );
    }
    // Samples stand on one line, and rounding loses no digit.
    let mut report = fixture::full();
    report.rows[0].gflops = Some(0.1 + 0.2);
    let text = report.to_json().unwrap();
    assert!(
        text.contains("\"samples\": [10.5,10.0,10.25,11.0,10.125]\n"),
        "{text}"
    );
    assert!(text.contains("\"warnings\": [],\n"), "{text}");
    assert_eq!(Report::from_json(&text).unwrap(), report);
}

#[test]
fn other_text_is_refused() {
    for (text, says) in [
        ("", "line 1, column 0: EOF"),
        (
            "{\"schema_version\": 1,\n  \"rows\": [",
            "line 2, column 11: EOF",
        ),
        ("<html>", "line 1, column 1: expected value"),
        ("{\"schema_version\": 1} {}", "trailing characters"),
        ("[1, 2]", "no object"),
        ("3", "no object"),
        ("{\"top1\": 0.9}", "without schema_version"),
        ("{\"rows\": []}", "rows, but no schema_version"),
        (
            "{\"schema_version\": \"x\\u001b\"}",
            "its schema_version is",
        ),
        (
            "{\"schema_version\": 1, \"schema_version\": 1}",
            "duplicate field",
        ),
    ] {
        let error = error_for(text);
        assert!(error.contains(says), "{text}: {error}");
        assert!(error.contains("resnet bench --json"), "{error}");
    }
}

#[test]
fn errors_for_other_versions_name_both_versions() {
    let error = error_for("{\"schema_version\": 2, \"crate_version\": \"9.1.0\", \"rows\": 7}");
    for says in [
        "expected schema_version 1",
        "found 2",
        "made by resnet 9.1.0",
        "again",
    ] {
        assert!(error.contains(says), "{error}");
    }
    assert!(error_for("{\"schema_version\": -1.5e3}").contains("found -1500.0;"));
}

#[test]
fn errors_name_the_field() {
    for (pointer, value, says) in [
        (
            "/rows/2/end_to_end/median",
            json!("x"),
            "rows[2].end_to_end.median: invalid type",
        ),
        (
            "/rows/0/work/macs",
            json!(-1),
            "rows[0].work.macs: invalid value",
        ),
        (
            "/rows/0/status",
            json!("fine"),
            "rows[0].status: unknown variant `fine`",
        ),
        (
            "/devices/1/limits",
            json!({}),
            "devices[1].limits: missing field",
        ),
        (
            "/devices/0/subgroup_sizes",
            json!([1]),
            "devices[0].subgroup_sizes",
        ),
        ("/host/power", Value::Null, "host.power"),
        ("/rows", json!({}), "rows: invalid type"),
    ] {
        let mut broken = self::value();
        *broken.pointer_mut(pointer).unwrap() = value;
        let error = error_for(&broken.to_string());
        assert!(error.starts_with(says), "{error}");
    }
    // The number is too large for an `f64`.
    let text = fixture::report(vec![]).to_json().unwrap();
    let text = text.replace("\"cpus\": 16", "\"cpus\": 1e999");
    assert!(
        error_for(&text).contains("host.cpus: "),
        "{}",
        error_for(&text)
    );
}

#[test]
fn contradictions_are_refused() {
    for (pointer, value, says) in [
        (
            "/rows/0/device",
            json!(2),
            "rows[0].device: expected the index of one of 2 devices",
        ),
        (
            "/rows/0/device",
            Value::Null,
            "rows[0].device: expected a device",
        ),
        (
            "/rows/0/work/batch_size",
            json!(0),
            "rows[0].work.batch_size: expected at least 1",
        ),
        (
            "/rows/0/end_to_end/median",
            json!(99.0),
            "rows[0].end_to_end.median: expected a time",
        ),
        (
            "/rows/0/end_to_end/min",
            json!(0.0),
            "rows[0].end_to_end.min: ",
        ),
        (
            "/rows/0/end_to_end/samples/0",
            json!(99.0),
            "rows[0].end_to_end.samples: expected a time",
        ),
        (
            "/rows/0/in_flight",
            json!(0),
            "rows[0].in_flight: expected at least 1",
        ),
        (
            "/repetitions/seconds",
            json!(-1),
            "repetitions.seconds: expected a finite number",
        ),
        ("/rows/1/gpu/p99", json!(1.0), "rows[1].gpu.p99: "),
        (
            "/rows/1/gpu/stddev",
            json!(-1.0),
            "rows[1].gpu.stddev: expected a finite number",
        ),
        (
            "/rows/1/encode/samples",
            json!([]),
            "rows[1].encode.samples: ",
        ),
        (
            "/rows/1/encode/samples/0",
            json!(-3),
            "rows[1].encode.samples: expected a time",
        ),
        (
            "/rows/0/images_per_second",
            json!(-5),
            "rows[0].images_per_second: ",
        ),
        (
            "/rows/0/images_per_second",
            Value::Null,
            "rows[0].images_per_second: ",
        ),
        (
            "/rows/0/end_to_end",
            Value::Null,
            "rows[0].end_to_end: expected times",
        ),
        (
            "/rows/0/verification/passed",
            json!(false),
            "rows[0].verification: expected",
        ),
        (
            "/rows/0/verification",
            Value::Null,
            "rows[0].verification: expected",
        ),
        (
            "/rows/0/verification/images",
            json!(1),
            "rows[0].verification.before.top1_equal: ",
        ),
        (
            "/rows/0/status",
            json!("failed_verification"),
            "rows[0].end_to_end: expected null",
        ),
        (
            "/rows/0/startup/cold/total_ms",
            json!(-1),
            "rows[0].startup.cold.total_ms: ",
        ),
        (
            "/rows/0/roofline/percent",
            json!(-1),
            "rows[0].roofline.percent: ",
        ),
        (
            "/rows/0/memory/device_bytes",
            json!(1),
            "rows[0].memory.device_bytes: ",
        ),
        (
            "/rows/0/profile/steps/0/ms",
            json!(-1),
            "rows[0].profile.steps[0].ms: ",
        ),
        (
            "/devices/0/subgroup_sizes",
            json!([64, 32]),
            "devices[0].subgroup_sizes[1]: ",
        ),
        (
            "/devices/0/peaks/fma_f32_gflops",
            json!(0),
            "devices[0].peaks.fma_f32_gflops: ",
        ),
        (
            "/devices/0/peaks/cooperative_matrix/0/gflops",
            json!(-1),
            "devices[0].peaks.cooperative_matrix[0].gflops: ",
        ),
    ] {
        let mut broken = self::value();
        *broken.pointer_mut(pointer).unwrap() = value;
        let error = error_for(&broken.to_string());
        assert!(error.starts_with(says), "{pointer}: {error}");
    }
}

#[test]
fn hostile_text_is_an_error() {
    // The deep nesting stands once in a field that is read and once in a field that is skipped.
    for field in ["rows", "other"] {
        let deep = format!(
            "{{\"schema_version\": 1, \"{field}\": {}",
            "[".repeat(1 << 20)
        );
        error_for(&deep);
    }
    // Messages quote only a part of a long text, on one line.
    let mut long = value();
    long["rows"][0]["status"] = json!("\u{1b}\n[2J".repeat(100_000));
    let error = error_for(&long.to_string());
    assert!(
        error.len() < 1000 && !error.contains(char::is_control),
        "{error}"
    );
}

#[test]
fn errors_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    let says = |path: &Path| Report::from_file(path).unwrap_err().to_string();
    assert!(says(&path).contains("a.json: cannot be read"));
    assert!(says(folder.path()).contains("expected a file"));
    let text = fixture::full().to_json().unwrap();
    std::fs::write(&path, &text).unwrap();
    assert_eq!(Report::from_file(&path).unwrap(), fixture::full());
    for (bytes, expected) in [
        (&b"\x80\x81"[..], "a.json: expected JSON"),
        // The encoding in which an older PowerShell writes redirected output (UTF-16).
        (b"\xff\xfe{\0", "no UTF-8 text"),
        (b"{", "a.json: expected JSON"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        assert!(says(&path).contains(expected), "{}", says(&path));
    }
    // The file is sparse: its length is 1 GiB, but it takes no space on disk.
    let huge = File::create(&path).unwrap();
    huge.set_len(1 << 30).unwrap();
    assert!(says(&path).contains("found 1073741824"), "{}", says(&path));
}
