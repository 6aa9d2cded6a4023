//! Tests of `resnet bench`: rows are verified and timed, on every available adapter.

use serde_json::Value;

use crate::support::{Folder, command, finished, resnet};

const EMBEDDED: &str = "weights/resnet20-cifar10.safetensors";

fn report(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Asserts that the published schema admits the binary's report, and that `compare` reads the
/// report.
#[track_caller]
fn fits_the_schema(report: &Value) {
    let schema = include_str!("../../../bench/data/bench.schema.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let errors: Vec<String> = (validator.iter_errors(report))
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert_eq!(errors, [""; 0]);
    resnet_wgpu_bench::Report::from_json(&report.to_string()).unwrap();
}

fn rows(report: &Value) -> &[Value] {
    report["rows"].as_array().unwrap()
}

#[test]
fn each_network_and_batch_is_a_row() {
    let folder = Folder::new();
    let saved = folder.arg("saved.json");
    let stdout = resnet(&[
        "bench",
        "resnet20",
        EMBEDDED,
        "--batch-size",
        "1,2",
        "--repetitions",
        "4",
        "--json",
        "--no-startup",
        "--save",
        &saved,
    ])
    .ok();
    let report = report(&stdout);
    assert_eq!(std::fs::read_to_string(&saved).unwrap(), stdout);
    fits_the_schema(&report);
    let rows = rows(&report);
    assert_eq!(rows.len(), 4);
    for (i, row) in rows.iter().enumerate() {
        assert_eq!(row["status"], "ok", "{row}");
        assert_eq!(row["work"]["model"], "resnet20");
        assert_eq!(row["work"]["batch_size"], 1 + i % 2);
        assert_eq!(row["end_to_end"]["samples"].as_array().unwrap().len(), 4);
        assert_eq!(row["verification"]["images"], 1 + i % 2);
        assert_eq!(row["startup"]["cold"], Value::Null);
        assert!(row["startup"]["warm"]["total_ms"].as_f64().unwrap() > 0.0);
        assert!(row["memory"]["process_peak_bytes"].as_u64().unwrap() > 1 << 20);
        assert_eq!(row["roofline"], Value::Null);
    }
    // The same network with other weights counts as other work.
    let weights = |i: usize| rows[i]["work"]["weights"].as_str().unwrap();
    assert_eq!(weights(0), weights(1));
    assert_ne!(weights(0), weights(2));
    assert_eq!(report["devices"].as_array().unwrap().len(), 1);
    assert!(
        report["command"]
            .as_str()
            .unwrap()
            .starts_with("resnet bench resnet20")
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_start_with_empty_driver_caches_is_a_separate_figure() {
    let stdout = resnet(&[
        "bench",
        "resnet20",
        "--batch-size",
        "1",
        "--repetitions",
        "2",
        "--json",
    ])
    .ok();
    let report = report(&stdout);
    let startup = &rows(&report)[0]["startup"];
    for start in ["cold", "warm"] {
        let total = startup[start]["total_ms"].as_f64().unwrap();
        let phases = [
            "device_ms",
            "load_ms",
            "plan_ms",
            "pipelines_ms",
            "upload_ms",
            "first_inference_ms",
        ];
        let sum: f64 = phases
            .iter()
            .map(|p| startup[start][p].as_f64().unwrap())
            .sum();
        assert!(sum <= total + 0.01 && sum > 0.8 * total, "{startup}");
    }
    // Mesa compiles for seconds unless the previous start filled its cache. The difference shows
    // that both starts used the same cache, which was empty at first.
    if report["devices"][0]["driver"] == "llvmpipe" {
        let first = |start: &str| startup[start]["first_inference_ms"].as_f64().unwrap();
        assert!(first("cold") > 3.0 * first("warm"), "{startup}");
    }
}

#[test]
fn every_device_of_the_machine_in_one_table() {
    let devices = resnet(&["devices", "--json"]).ok();
    let devices = report(&devices)["devices"].as_array().unwrap().len();
    let bench = |rest: &[&str]| {
        let args = ["bench", "resnet20", "--repetitions", "3", "--no-startup"];
        let args = [
            &args,
            &["--batch-size", "2", "--scenario", "throughput"][..],
        ]
        .concat();
        resnet(&[&args, rest].concat()).ok()
    };
    let found = report(&bench(&["--device", "all", "--json"]));
    fits_the_schema(&found);
    assert_eq!(found["devices"].as_array().unwrap().len(), devices);
    for (i, row) in rows(&found).iter().enumerate() {
        assert_eq!(
            (&row["device"], &row["status"]),
            (&Value::from(i), &Value::from("ok"))
        );
        assert_eq!(row["work"]["scenario"], "throughput");
        assert!(row["in_flight"].as_u64().unwrap() > 1);
    }
    for (format, has) in [("table", "img/s"), ("markdown", "|"), ("csv", "resnet20,")] {
        let text = bench(&["--device", "0", "--format", format]);
        assert!(text.contains("resnet20") && text.contains(has), "{text}");
    }
}

#[test]
fn peaks_set_a_ceiling() {
    let stdout = resnet(&[
        "bench",
        "resnet20",
        "--batch-size",
        "4",
        "--repetitions",
        "3",
        "--no-startup",
        "--peaks",
        "--json",
    ])
    .ok();
    let report = report(&stdout);
    fits_the_schema(&report);
    let peaks = &report["devices"][0]["peaks"];
    let fma = peaks["fma_f32_gflops"].as_f64().unwrap();
    let row = &rows(&report)[0];
    let percent = row["roofline"]["percent"].as_f64().unwrap();
    let steps = row["profile"]["steps"].as_array().unwrap();
    let ceilings = steps.iter().map(|s| s["ceiling_ms"].as_f64().unwrap());
    let ceiling: f64 = ceilings.sum();
    let gpu = row["gpu"]["median"].as_f64().unwrap();
    assert!(
        (percent / (100.0 * ceiling / gpu) - 1.0).abs() < 1e-6,
        "{row}"
    );
    // No layer's ceiling is below its compute time.
    for step in steps {
        let compute = 2.0 * step["macs"].as_f64().unwrap() / (fma * 1e6);
        assert!(
            step["ceiling_ms"].as_f64().unwrap() >= compute * 0.999,
            "{step}"
        );
    }
}

#[test]
fn unmeasurable_rows_give_a_reason() {
    let folder = Folder::new();
    let text = folder.write("text.safetensors", "no checkpoint");
    let missing = folder.arg("missing.safetensors");
    let nowhere = folder.arg("no/such/folder/report.html");
    let same = folder.arg("same");
    for (args, code, says) in [
        (&["resnet51"][..], 2, "such as resnet50"),
        (&[missing.as_str()], 2, "no such file"),
        (&[text.as_str()], 1, "text.safetensors"),
        (&["--batch-size", "0"], 2, "1..=65536"),
        (&["--precision", "f64"], 2, "expected f32"),
        (&["--device", "cpu"], 2, "expected a GPU"),
        (&["--device", "no such device"], 2, "resnet devices"),
        (&["--duration", "-1"], 2, "expected seconds"),
        (
            &["--duration", "1", "--repetitions", "1"],
            2,
            "cannot be used with",
        ),
        (&["--json", "--format", "csv"], 2, "cannot be used with"),
        (&["--report", &nowhere], 1, "cannot be written"),
        (&["--save", &nowhere], 1, "cannot be written"),
        (
            &[EMBEDDED, "--save", EMBEDDED],
            2,
            "found a file that is read",
        ),
        (
            &["--report", &same, "--save", &same],
            2,
            "expected two paths",
        ),
    ] {
        let output = resnet(&[&["bench"], args].concat());
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (code, ""),
            "{args:?}: {}",
            output.stderr
        );
        assert!(output.stderr.contains(says), "{args:?}: {}", output.stderr);
        assert_eq!(output.errors().len(), 1, "{args:?}: {}", output.stderr);
    }
}

/// A row that cannot run does not affect the other rows. The exit code reports that something
/// failed.
#[test]
fn a_batch_beyond_the_device_is_a_row_that_says_so() {
    let output = resnet(&[
        "bench",
        "resnet20",
        "--batch-size",
        "65536,1",
        "--repetitions",
        "2",
        "--no-startup",
        "--json",
    ]);
    assert_eq!(output.code, 1, "{}", output.stderr);
    let report = report(&output.stdout);
    fits_the_schema(&report);
    let [refused, ran_well] = rows(&report) else {
        panic!("{report}");
    };
    // The failed row belongs to the same device as the other row.
    assert_eq!(report["devices"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&refused["device"], &ran_well["device"]),
        (&0.into(), &0.into())
    );
    assert_eq!(refused["status"], "error");
    assert!(
        refused["error"]
            .as_str()
            .unwrap()
            .contains("use a smaller batch"),
        "{refused}"
    );
    assert_eq!(refused["end_to_end"], Value::Null);
    assert_eq!(ran_well["status"], "ok");
    assert!(
        output.errors()[0].contains("use a smaller batch"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_worker_takes_nothing_but_jobs() {
    let mut worker = command(&["bench-worker"]);
    let output = finished(worker.stdin(std::process::Stdio::null()).output().unwrap());
    assert!(output.error(2).contains("expected a job"));
}

/// Every checkpoint is read before the first row is measured.
#[test]
fn a_bad_checkpoint_is_reported_first() {
    let folder = Folder::new();
    let text = folder.write("text.safetensors", "no checkpoint");
    let began = std::time::Instant::now();
    let error = resnet(&["bench", "resnet50", &text, "--duration", "600"]).error(1);
    assert!(error.contains("text.safetensors"), "{error}");
    assert!(began.elapsed().as_secs() < 300);
}
