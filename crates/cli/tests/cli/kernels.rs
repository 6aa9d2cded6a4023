//! Tests of kernels that need a process of their own.

use std::process::Command;

/// Verifies the kernels for subgroups of 16. lavapipe has such subgroups if an environment variable
/// makes it compute with 512 bits, which takes a process of its own.
#[test]
fn subgroups_of_sixteen() {
    // `scripts/test-all` runs more.
    let cases = std::env::var("RESNET_TEST_ALL").map_or(10, |_| 40);
    let output = Command::new(env!("CARGO_BIN_EXE_resnet"))
        .args(["verify", "--kernels", "--json", "--cases"])
        .arg(cases.to_string())
        .env("LP_NATIVE_VECTOR_WIDTH", "512")
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report:#}");
    // On other machines the variable has no effect, and the run is an ordinary verification.
    if report["device"].as_str().unwrap().contains("512 bits") {
        let kernels = report["kernels"].as_array().unwrap();
        let sixteen = (kernels.iter())
            .filter(|k| k["kernel"].as_str().unwrap().contains("shuffle16"))
            .filter(|k| k["cases"] == cases);
        assert_eq!(sixteen.count(), 4, "{report:#}");
    }
}
