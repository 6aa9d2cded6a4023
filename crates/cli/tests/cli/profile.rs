//! Tests of `resnet profile`, which times each step of the plan.

use serde_json::Value;

use crate::support::{Folder, resnet};

#[test]
fn each_layer_has_its_line() {
    let text = resnet(&["profile", "resnet20", "--duration", "0.1"]).ok();
    for has in [
        "layer1.0.conv1",
        "16×32×32",
        "GFLOP/s",
        "roofline",
        "100.0 %",
    ] {
        assert!(text.contains(has), "{text}");
    }
}

#[test]
fn json_and_trace_agree() {
    let folder = Folder::new();
    let trace = folder.arg("trace.json");
    let args = [
        "profile",
        "resnet20",
        "--batch-size",
        "3",
        "--duration",
        "0.1",
        "--json",
    ];
    let found = resnet(&[&args[..], &["--trace", &trace, "--sort", "time"]].concat()).ok();
    let found: Value = serde_json::from_str(&found).unwrap();
    let steps = found["profile"]["steps"].as_array().unwrap();
    let ms = |step: &Value| step["ms"].as_f64().unwrap();
    assert!(steps.is_sorted_by(|a, b| ms(a) >= ms(b)), "{found}");
    let total = found["profile"]["total_ms"].as_f64().unwrap();
    assert!((steps.iter().map(ms).sum::<f64>() / total - 1.0).abs() < 1e-9);
    assert!(found["device"]["peaks"]["fma_f32_gflops"].as_f64().unwrap() > 0.0);
    for step in steps {
        assert!(step["roofline_percent"].as_f64().unwrap() > 0.0, "{step}");
        let share = step["share"].as_f64().unwrap();
        assert!((share - 100.0 * ms(step) / total).abs() < 1e-6, "{step}");
    }

    let trace: Value = serde_json::from_slice(&std::fs::read(&trace).unwrap()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let of = |category: &str| -> Vec<&Value> {
        events.iter().filter(|e| e["cat"] == category).collect()
    };
    let (host, gpu) = (of("host"), of("gpu"));
    assert_eq!(gpu.len(), steps.len());
    assert!(host.iter().any(|e| e["name"] == "upload"), "{trace}");
    // The spans are in order of execution, independent of the table's order, and do not overlap.
    assert_eq!(gpu[0]["name"], "conv1");
    let time = |e: &Value, key: &str| e[key].as_f64().unwrap();
    for pair in gpu.windows(2) {
        let end = time(pair[0], "ts") + time(pair[0], "dur");
        assert!(end <= time(pair[1], "ts") + 0.002, "{pair:?}");
    }
    let names = events.iter().filter(|e| e["ph"] == "M").count();
    assert_eq!(names, 3);
}

#[test]
fn unprofilable_networks_give_a_reason() {
    for (args, code, says) in [
        (&["resnet51"][..], 2, "such as resnet50"),
        (&["--device", "cpu"], 2, "expected a GPU"),
        (
            &["resnet20", "--batch-size", "65536"],
            1,
            "use a smaller batch",
        ),
        (&["--sort", "size"], 2, "invalid value"),
        (
            &["--trace", "/no/such/folder/trace"],
            1,
            "cannot be written",
        ),
        (&["--input-size", "9000"], 2, "1..=8192"),
    ] {
        let error = resnet(&[&["profile"], args].concat()).error(code);
        assert!(error.contains(says), "{args:?}: {error}");
    }
}
